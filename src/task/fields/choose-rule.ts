/** Which rule turns places of the inputs into a field's values: the simplest that explains the most of them. */
import type { FieldRule, Leaf } from './field-rendering.ts'
import { hasSource, locateValue, rulesFor } from './field-rule.ts'

/** A value of a field, and the input of its call. */
export interface SeenValue {
  readonly text: string
  readonly value: string
}

export interface ChosenRule {
  readonly rule: FieldRule
  /** Share of the values that stand in their inputs by the rule. */
  readonly share: number
}

/** Values that rules are tried on; the chosen one is then applied to all. */
const sampleSize = 1000
/** A rule that finds next to none of so many values is tried no further. */
const firstSize = 20
/** A field is extracted where at least this share of its values stands in the inputs; the rest counts as wrong. */
const fewestExplained = 0.5
/** A rule that reads something else than the answer says in more than this share of the calls is not the task's. */
const mostContradicted = 0.02

/** The best rule, or `undefined` where no rule finds half of the values. */
export function chooseRule(seen: readonly SeenValue[], form: Leaf['kind']): ChosenRule | undefined {
  const step = Math.max(1, Math.ceil(seen.length / sampleSize))
  const sample = seen.filter((_, at) => at % step === 0)
  const first = sample.filter((_, at) => at % Math.ceil(sample.length / firstSize) === 0)
  let best: ChosenRule | undefined
  for (const rule of rulesFor(
    sample.map(({ value }) => value),
    form,
  )) {
    if (explainedShare(rule, first) < fewestExplained / 2) continue
    const unexplained = sample.filter((one) => !isExplained(rule, one))
    const share = 1 - unexplained.length / sample.length
    if (share < fewestExplained || (best !== undefined && share <= best.share)) continue
    const contradicted = unexplained.filter(({ text }) => hasSource(rule, text)).length
    if (contradicted > mostContradicted * sample.length) continue
    best = { rule, share }
    if (share === 1) break
  }
  return best
}

function explainedShare(rule: FieldRule, seen: readonly SeenValue[]): number {
  return seen.filter((one) => isExplained(rule, one)).length / Math.max(1, seen.length)
}

function isExplained(rule: FieldRule, { text, value }: SeenValue): boolean {
  return locateValue(rule, text, value).length > 0
}

/** A rule in words, for notes. */
export function ruleWords(rule: FieldRule): string {
  switch (rule.kind) {
    case 'text': {
      const letters = { kept: '', upper: ' in capitals', lower: ' in small letters' }[rule.letters]
      const spaces = { kept: '', one: ' with single spaces', none: ' without spaces' }[rule.spaces]
      return `as it stands${letters}${spaces}`
    }
    case 'characters':
      return {
        digits: 'its digits',
        'plus-digits': 'its digits with +',
        'letters-digits': 'its letters and digits',
      }[rule.keeps]
    case 'amount': {
      const { written } = rule
      if (written.kind === 'fixed') return `as a number with ${written.decimals} decimals`
      return written.kind === 'float' ? 'as a number with a decimal' : 'as a number'
    }
    case 'date':
      return `as a date written ${rule.pattern}, ${rule.order}`
    case 'currency':
      return 'as a currency code'
  }
}
