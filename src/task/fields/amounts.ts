/** Numbers as people write them, read and written again: `1,234.50`, `1.234,50`, `1 234,5`. */
import type { AmountRule } from './field-rendering.ts'
import { type Place, wholeMatches } from './place.ts'

interface Decimal {
  readonly sign: string
  /** Digits before and after the decimal sign. */
  readonly whole: string
  readonly fraction: string
}

const number =
  /(?:(?<![\p{L}\p{N}])[-−+])?(?:\d{1,3}(?:[.,'’\u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?![\p{N}]|[.,]\d)/gu

/** Where numbers stand in a text. */
export function amountPlaces(text: string): readonly Place[] {
  return wholeMatches(text, number).filter(
    ({ start }) => !/\d[.,]$/.test(text.slice(Math.max(0, start - 2), start)),
  )
}

/** A number written by a rule; `undefined` where the text is no number that the rule can write without loss. */
export function writeAmount(text: string, { decimal, written }: AmountRule): string | undefined {
  const read = readDecimal(text.trim(), decimal)
  if (read === undefined) return undefined
  const whole = read.whole.replace(/^0+(?=\d)/, '')
  const fraction = read.fraction.replace(/0+$/, '')
  const isZero = whole === '0' && fraction === ''
  const sign = read.sign === '' || isZero ? '' : '-'
  switch (written.kind) {
    case 'shortest':
      return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`
    case 'float':
      return `${sign}${whole}.${fraction === '' ? '0' : fraction}`
    case 'fixed':
      if (fraction.length > written.decimals) return undefined
      return `${sign}${whole}${written.decimals === 0 ? '' : `.${fraction.padEnd(written.decimals, '0')}`}`
  }
}

const grouped: { readonly [Decimal in 'point' | 'comma']: RegExp } = {
  point: /^([-−]?)\+?(\d+|\d{1,3}(?:[,'’\u00a0\u202f]\d{3})+)(?:\.(\d+))?$/,
  comma: /^([-−]?)\+?(\d+|\d{1,3}(?:[.'’\u00a0\u202f]\d{3})+)(?:,(\d+))?$/,
}

function readDecimal(text: string, decimal: AmountRule['decimal']): Decimal | undefined {
  const match = grouped[decimal === 'either' ? likelyDecimal(text) : decimal].exec(text)
  if (!match) return undefined
  return { sign: match[1]!, whole: match[2]!.replace(/\D/g, ''), fraction: match[3] ?? '' }
}

/** The last sign is the decimal one, except a comma before three digits with nothing else, or a sign that repeats. */
function likelyDecimal(text: string): 'point' | 'comma' {
  const [points, commas] = [text.split('.').length - 1, text.split(',').length - 1]
  if (points > 0 && commas > 0) return text.lastIndexOf('.') > text.lastIndexOf(',') ? 'point' : 'comma'
  if (points > 1) return 'comma'
  if (commas > 1) return 'point'
  return commas === 1 && !/,\d{3}$/.test(text) ? 'comma' : 'point'
}

/** The rules that could have written such values, the simplest first. */
export function amountRules(values: readonly string[]): readonly AmountRule[] {
  const plain = /^-?\d+(?:\.(\d+))?$/
  const lengths = new Set<number>()
  for (const value of values) {
    const match = plain.exec(value)
    if (!match) continue
    lengths.add(match[1]?.length ?? 0)
  }
  if (lengths.size === 0) return []
  const written: AmountRule['written'][] = [{ kind: 'shortest' }, { kind: 'float' }]
  for (const decimals of [...lengths].sort((a, b) => a - b).slice(0, 4))
    written.push({ kind: 'fixed', decimals })
  return written.flatMap((form) =>
    (['point', 'comma', 'either'] as const).map(
      (decimal): AmountRule => ({ kind: 'amount', decimal, written: form }),
    ),
  )
}
