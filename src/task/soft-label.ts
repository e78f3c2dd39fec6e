/**
 * A teacher's probabilities of a task's labels, out of the log-probabilities that came with its answer. Only where it is
 * beyond doubt which label each token begins: an answer whose tokens could belong to several is left without.
 */
import type { Distribution } from './predictor.ts'
import { render } from './rendering.ts'
import type { LabelRendering } from './types.ts'

/** A token of an answer, and those that stood beside it, with natural logarithms of their probabilities. */
export interface TokenChoice {
  readonly token: string
  readonly logprob: number
  readonly top_logprobs?: readonly { readonly token: string; readonly logprob: number }[] | null | undefined
}

/** Mass that may lead to no label, to several, or to tokens that were not listed; above it there is doubt. */
const mostDoubt = 0.05

/** The distribution over the labels, in their order; `undefined` where the tokens do not say it without doubt. */
export function softLabel(
  tokens: readonly TokenChoice[],
  { rendering, labels }: { readonly rendering: LabelRendering; readonly labels: readonly string[] },
): Distribution | undefined {
  const mass = new Float64Array(labels.length)
  let alive = labels.map((label, at) => ({ at, text: render(rendering, label) }))
  let [prefix, reached] = ['', 1]
  for (const choice of tokens) {
    if (choice.token === '') continue
    const leads = (token: string) => alive.filter(({ text }) => text.startsWith(prefix + token))
    const next = leads(choice.token)
    if (next.length === 0) return undefined
    if (next.length < alive.length)
      for (const { token, logprob } of choice.top_logprobs ?? []) {
        const [only, ...others] = token === '' ? [] : leads(token)
        if (token !== choice.token && only && others.length === 0)
          mass[only.at]! += reached * Math.exp(logprob)
      }
    if (next.length < alive.length) reached *= Math.exp(choice.logprob)
    prefix += choice.token
    alive = next
  }
  if (alive.length !== 1 || alive[0]!.text !== prefix) return undefined
  mass[alive[0]!.at]! += reached
  const sum = mass.reduce((total, share) => total + share, 0)
  if (sum < 1 - mostDoubt || sum > 1 + mostDoubt) return undefined
  return { labels, probabilities: Array.from(mass, (share) => share / sum) }
}
