/** Money of one call by a price table, in whole numbers, so that a sum of calls is the sum of the table's arithmetic. */
import type { Usage } from '../wire/call.ts'
import { type ModelPrice, type PriceTable, priceOf, type TokenPrices } from './prices.ts'

/** A price of a dollar for a million tokens is this many trillionths of a dollar for one. */
const picoUsdAToken = 1_000_000
const picoUsdInNano = 1000n
const nanoUsd = 1e9

/**
 * US dollars of a call, rounded once to a billionth; `undefined` where the table does not know the model, or knows no
 * price of its spoken tokens, which is not the same as nothing.
 */
export function priceCall(usage: Usage, model: string, table: PriceTable): number | undefined {
  const price = priceOf(model, table)
  if (!price) return undefined
  const prices = pricesFor(usage, price)
  const spokenIn = usage.audioPromptTokens ?? 0
  const spokenOut = usage.audioCompletionTokens ?? 0
  if (spokenIn > 0 && prices.audioInputUsd === undefined) return undefined
  if (spokenOut > 0 && prices.audioOutputUsd === undefined) return undefined
  const { inputUsd, outputUsd } = prices
  const cached = Math.min(usage.cachedTokens ?? 0, usage.promptTokens)
  const written = Math.min(usage.cacheWriteTokens ?? 0, usage.promptTokens - cached)
  const writtenHour = Math.min(usage.cacheWriteHourTokens ?? 0, written)
  const heard = Math.min(spokenIn, usage.promptTokens - cached - written)
  const said = Math.min(spokenOut, usage.completionTokens)
  const cacheWriteUsd = prices.cacheWriteUsd ?? inputUsd
  const pico =
    picoUsd(usage.promptTokens - cached - written - heard, inputUsd) +
    picoUsd(cached, prices.cachedInputUsd ?? inputUsd) +
    picoUsd(written - writtenHour, cacheWriteUsd) +
    picoUsd(writtenHour, prices.cacheWriteHourUsd ?? cacheWriteUsd) +
    picoUsd(heard, prices.audioInputUsd ?? inputUsd) +
    picoUsd(usage.completionTokens - said, outputUsd) +
    picoUsd(said, prices.audioOutputUsd ?? outputUsd)
  return Number((pico + picoUsdInNano / 2n) / picoUsdInNano) / nanoUsd
}

/** Some models cost more, input and output alike, once the prompt is longer than a limit. */
function pricesFor(usage: Usage, price: ModelPrice): TokenPrices {
  const { longPrompt } = price
  return longPrompt && usage.promptTokens > longPrompt.aboveTokens ? longPrompt : price
}

function picoUsd(tokens: number, usdForMillion: number): bigint {
  return BigInt(tokens) * BigInt(Math.round(usdForMillion * picoUsdAToken))
}
