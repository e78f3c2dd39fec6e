/** What counts the tokens of a text where an upstream does not say: the model's own tokenizer where it is public, else its bytes. */

import type { CountedBy } from '../wire/call.ts'
import { estimatedTokens } from '../wire/token-estimate.ts'

export interface TokenCounter {
  readonly by: CountedBy
  count(text: string): number
  /** Tokens of a prompt besides those of its messages. */
  readonly tokensPerPrompt: number
}

/** A quarter of the UTF-8 bytes, rounded up. */
export const byteCounter: TokenCounter = Object.freeze({
  by: 'bytes',
  count: estimatedTokens,
  tokensPerPrompt: 0,
})

type Encoding = Exclude<CountedBy, 'bytes'>

/** The encoding of an OpenAI model, `openai/` before its name or not; `undefined` for models of others. */
function encodingOf(model: string): Encoding | undefined {
  const name = model.replace(/^openai\//, '')
  if (/^(gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-oss|chatgpt-4o|o[134](-|$))/.test(name)) return 'o200k_base'
  if (/^(gpt-4|gpt-3\.5|text-embedding-3|text-embedding-ada)/.test(name)) return 'cl100k_base'
  return undefined
}

/** Tokenizers by model, loaded with the first model that needs one: some 60 MB and a third of a second. */
export interface TokenCounters {
  /** Loads what a model needs. */
  prepare(model: string): Promise<void>
  /** The model's counter, as far as it is loaded. */
  of(model: string): TokenCounter
}

type Loaded = { readonly countTokens: (text: string, options: object) => number }
const loaders: { readonly [Name in Encoding]: () => Promise<Loaded> } = {
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
}

/** No tokenizer is loaded yet. */
export function tokenCounters(): TokenCounters {
  const loaded = new Map<Encoding, TokenCounter>()
  return {
    prepare: async (model) => {
      const encoding = encodingOf(model)
      if (encoding === undefined || loaded.has(encoding)) return
      loaded.set(encoding, tokenizerCounter(encoding, await loaders[encoding]()))
    },
    of: (model) => {
      const encoding = encodingOf(model)
      return (encoding && loaded.get(encoding)) ?? byteCounter
    },
  }
}

/** Texts that are worth remembering, such as a task's instructions, and how many of them. */
const remembered = { leastUnits: 100, mostUnits: 100_000, most: 500 }
/** Merging takes the square of an unbroken run's length, so longer runs are counted in parts: a token too many each at most. */
const longestRun = 400
const longRun = new RegExp(`[^\\s\\p{P}]{${longestRun},}|\\s{${longestRun},}|\\p{P}{${longestRun},}`, 'u')

function tokenizerCounter(by: Encoding, { countTokens }: Loaded): TokenCounter {
  const known = new Map<string, number>()
  // What looks like a special token is text here, as in the API.
  const options = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() }
  const count = (text: string): number =>
    longRun.test(text) ? inParts(text, (part) => countTokens(part, options)) : countTokens(text, options)
  return {
    by,
    tokensPerPrompt: 3,
    count: (text) => {
      if (text.length < remembered.leastUnits || text.length > remembered.mostUnits) return count(text)
      const tokens = known.get(text) ?? count(text)
      known.delete(text)
      known.set(text, tokens)
      if (known.size > remembered.most) known.delete(known.keys().next().value ?? '')
      return tokens
    },
  }
}

function inParts(text: string, count: (part: string) => number): number {
  let tokens = 0
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + longestRun)
    // Not between the halves of a surrogate pair.
    if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1]!)) end--
    tokens += count(text.slice(at, end))
    at = end
  }
  return tokens
}
