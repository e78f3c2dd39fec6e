/** What a call must cost by the price table, worked out apart from the code under test: whole numbers from the table's decimals. */
import { listPrices } from '../../src/meter/prices.ts'

/** Tokens of a call, each kind for itself, none part of another. */
export interface Tokens {
  readonly fresh: number
  readonly cached: number
  readonly written: number
  readonly writtenHour: number
  readonly out: number
  readonly reasoning: number
}

/** Trillionths of a dollar; `undefined` where the model has no price. */
export function due(model: string, tokens: Tokens): bigint | undefined {
  const family = model.replace(/-\d{4}-?\d{2}-?\d{2}$/, '')
  const listed = listPrices.models[family]
  if (!listed) return undefined
  const { fresh, cached, written, writtenHour, out, reasoning } = tokens
  const long = listed.longPrompt
  const price = long && fresh + cached + written + writtenHour > long.aboveTokens ? long : listed
  const write = price.cacheWriteUsd ?? price.inputUsd
  const parts: readonly (readonly [number, number])[] = [
    [fresh, price.inputUsd],
    [cached, price.cachedInputUsd ?? price.inputUsd],
    [written, write],
    [writtenHour, price.cacheWriteHourUsd ?? write],
    [out + reasoning, price.outputUsd],
  ]
  return parts.reduce((sum, [count, usd]) => sum + BigInt(count) * micro(usd), 0n)
}

/** Millionths of a decimal number, which must have at most six decimals. */
function micro(decimal: number): bigint {
  const [whole = '0', part = ''] = decimal.toFixed(6).split('.')
  return BigInt(whole) * 1_000_000n + BigInt(part)
}
