/** Money of one call by a price table. */
import type { Usage } from '../wire/call.ts'
import { type PriceTable, priceOf } from './prices.ts'

const tokensPerPrice = 1_000_000

/** US dollars of a call; `undefined` where the table does not know the model, which is not the same as nothing. */
export function priceCall(usage: Usage, model: string, table: PriceTable): number | undefined {
  const price = priceOf(model, table)
  if (!price) return undefined
  const cached = Math.min(usage.cachedTokens ?? 0, usage.promptTokens)
  const input =
    (usage.promptTokens - cached) * price.inputUsd + cached * (price.cachedInputUsd ?? price.inputUsd)
  return (input + usage.completionTokens * price.outputUsd) / tokensPerPrice
}
