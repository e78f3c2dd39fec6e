/** What models cost, as data: list prices with a date, a source in words, and a record of the user's own over them. */
import { z } from 'zod'
import { appError } from '../base/errors.ts'

/** US dollars for a million tokens, to a millionth of a dollar. */
export interface TokenPrices {
  readonly inputUsd: number
  readonly outputUsd: number
  /** Input read from the provider's cache; where absent it costs what other input costs. */
  readonly cachedInputUsd?: number
  /** Input written to the provider's cache; where absent it costs what other input costs. */
  readonly cacheWriteUsd?: number
  /** The same where it is kept for an hour; where absent it costs what other writing costs. */
  readonly cacheWriteHourUsd?: number
  /** Spoken input and output; a call with spoken tokens has no price where these are absent. */
  readonly audioInputUsd?: number
  readonly audioOutputUsd?: number
}

/** What a model costs, and what it costs where the prompt is long. */
export interface ModelPrice extends TokenPrices {
  readonly longPrompt?: TokenPrices & { readonly aboveTokens: number }
}

export interface PriceTable {
  /** The day that the prices were known for, `YYYY-MM-DD`. */
  readonly date: string
  /** Where they come from, in words. */
  readonly source: string
  readonly models: Readonly<Record<string, ModelPrice>>
}

const amount = z
  .number()
  .min(0)
  .max(1_000_000)
  .refine((usd) => Math.abs(usd * 1e6 - Math.round(usd * 1e6)) < 1e-3, 'expected at most six decimals')

const tokenPrices = {
  inputUsd: amount.describe('US dollars for a million input tokens'),
  outputUsd: amount.describe('US dollars for a million output tokens'),
  cachedInputUsd: amount
    .optional()
    .describe("US dollars for a million input tokens from the provider's cache"),
  cacheWriteUsd: amount
    .optional()
    .describe("US dollars for a million input tokens written to the provider's cache"),
  cacheWriteHourUsd: amount.optional().describe('the same where they are kept for an hour'),
  audioInputUsd: amount.optional().describe('US dollars for a million spoken input tokens'),
  audioOutputUsd: amount.optional().describe('US dollars for a million spoken output tokens'),
}

const modelPriceSchema = z.strictObject({
  ...tokenPrices,
  longPrompt: z
    .strictObject({
      aboveTokens: z.int().min(1).describe('tokens of a prompt up to which it is not long'),
      ...tokenPrices,
    })
    .optional()
    .describe('prices of the whole call where its prompt is longer than aboveTokens'),
})

/** The user's own prices, by the model names that requests use. */
export const priceOverrideSchema = z.strictObject({
  date: z.iso.date().describe('the day that these prices are of, YYYY-MM-DD'),
  source: z.string().min(1).optional().describe('where they come from, in words'),
  models: z.record(z.string().min(1), modelPriceSchema),
})

/** List prices with the user's own over them; throws `config.invalid` naming `file` where the record has another shape. */
export function priceTable(
  options: { readonly override?: unknown; readonly file?: string } = {},
): PriceTable {
  if (options.override === undefined) return listPrices
  const checked = priceOverrideSchema.safeParse(options.override)
  if (!checked.success)
    throw appError('config.invalid', {
      file: options.file ?? 'prices',
      problem: z.prettifyError(checked.error).replaceAll('\n', ' '),
    })
  const { date, source, models } = checked.data
  return {
    date,
    source: `${source ?? 'your own prices'}; other models: ${listPrices.source}, ${listPrices.date}`,
    models: { ...listPrices.models, ...withoutUndefined(models) },
  }
}

function withoutUndefined(
  models: z.infer<typeof priceOverrideSchema>['models'],
): Readonly<Record<string, ModelPrice>> {
  // Zod gives absent members as absent; JSON says so to the type checker.
  return JSON.parse(JSON.stringify(models))
}

/** The price of a model; a dated or `-latest` name has the price of the name without that, where it has none itself. */
export function priceOf(model: string, table: PriceTable): ModelPrice | undefined {
  if (Object.hasOwn(table.models, model)) return table.models[model]
  const family = model.replace(/-(?:\d{4}-\d{2}-\d{2}|20\d{6}|latest)$/, '')
  return Object.hasOwn(table.models, family) ? table.models[family] : undefined
}

const price = (inputUsd: number, outputUsd: number, cachedInputUsd?: number): ModelPrice => ({
  inputUsd,
  outputUsd,
  ...(cachedInputUsd !== undefined && { cachedInputUsd }),
})

/** Anthropic's cache: reading costs a tenth of input, writing 1.25 times as much, or twice where it is kept for an hour. */
const claude = (inputUsd: number, outputUsd: number): TokenPrices => ({
  ...price(inputUsd, outputUsd, inputUsd / 10),
  cacheWriteUsd: inputUsd * 1.25,
  cacheWriteHourUsd: inputUsd * 2,
})

/** Standard list prices, no batch discount. */
export const listPrices: PriceTable = {
  date: '2025-11-01',
  source:
    "the providers' public price pages as the authors knew them; not fetched, check them against your contract",
  models: {
    'gpt-5': price(1.25, 10, 0.125),
    'gpt-5-mini': price(0.25, 2, 0.025),
    'gpt-5-nano': price(0.05, 0.4, 0.005),
    'gpt-4.1': price(2, 8, 0.5),
    'gpt-4.1-mini': price(0.4, 1.6, 0.1),
    'gpt-4.1-nano': price(0.1, 0.4, 0.025),
    'gpt-4o': price(2.5, 10, 1.25),
    'gpt-4o-2024-05-13': price(5, 15),
    'gpt-4o-mini': price(0.15, 0.6, 0.075),
    'gpt-4-turbo': price(10, 30),
    'gpt-4': price(30, 60),
    'gpt-3.5-turbo': price(0.5, 1.5),
    o1: price(15, 60, 7.5),
    o3: price(2, 8, 0.5),
    'o3-mini': price(1.1, 4.4, 0.55),
    'o4-mini': price(1.1, 4.4, 0.275),
    'text-embedding-3-small': price(0.02, 0),
    'text-embedding-3-large': price(0.13, 0),
    'claude-opus-4-1': claude(15, 75),
    'claude-opus-4': claude(15, 75),
    'claude-sonnet-4-5': { ...claude(3, 15), longPrompt: { aboveTokens: 200_000, ...claude(6, 22.5) } },
    'claude-sonnet-4': { ...claude(3, 15), longPrompt: { aboveTokens: 200_000, ...claude(6, 22.5) } },
    'claude-haiku-4-5': claude(1, 5),
    'claude-3-7-sonnet': claude(3, 15),
    'claude-3-5-sonnet': claude(3, 15),
    'claude-3-5-haiku': claude(0.8, 4),
    'claude-3-haiku': { ...claude(0.25, 1.25), cachedInputUsd: 0.03, cacheWriteUsd: 0.3 },
    'gemini-2.5-pro': { ...price(1.25, 10), longPrompt: { aboveTokens: 200_000, ...price(2.5, 15) } },
    'gemini-2.5-flash': price(0.3, 2.5),
    'gemini-2.5-flash-lite': price(0.1, 0.4),
    'gemini-2.0-flash': price(0.1, 0.4, 0.025),
    'deepseek-chat': price(0.28, 0.42, 0.028),
    'deepseek-reasoner': price(0.28, 0.42, 0.028),
    'mistral-large': price(2, 6),
    'mistral-small': price(0.1, 0.3),
  },
}
