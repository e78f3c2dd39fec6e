/** Groups of digits with what stands between them, as telephone numbers are written. */
import { isDigit } from './found.ts'

/** Digits in a row, perhaps in parentheses. */
export interface DigitGroup {
  readonly start: number
  /** After the digits and a closing parenthesis. */
  readonly end: number
  /** How many digits. */
  readonly length: number
  readonly inParentheses: boolean
  /** What stands between the group before and this one: a space, a hyphen, a dot, a slash, or nothing. */
  readonly separator: string
}

const space = ' '
const separators: ReadonlyMap<string, string> = new Map([
  [space, space],
  ['\u00a0', space],
  ['-', '-'],
  ['\u2010', '-'],
  ['\u2011', '-'],
  ['\u2013', '-'],
  ['.', '.'],
  ['/', '/'],
])

/** The chain of groups from `at` on, where a digit or an opening parenthesis stands; none where that holds no digits. */
export function digitGroups(text: string, at: number): readonly DigitGroup[] {
  const groups: DigitGroup[] = []
  for (let next = at; ; ) {
    const last = groups.at(-1)
    const joint = last ? jointAt(text, next) : { end: next, separator: '' }
    const group = groupAt(text, joint.end, joint.separator)
    if (!group || (last && joint.separator === '' && !group.inParentheses && !last.inParentheses))
      return groups
    groups.push(group)
    next = group.end
  }
}

/** One separator, with a space on either side at most. */
function jointAt(text: string, at: number): { readonly end: number; readonly separator: string } {
  let separator = ''
  let end = at
  for (; end < at + 3; end++) {
    const next = separators.get(text[end] ?? '')
    if (next === undefined) break
    if (next === space) separator ||= space
    else if (separator === '' || separator === space) separator = next
    else break
  }
  return { end, separator }
}

function groupAt(text: string, at: number, separator: string): DigitGroup | undefined {
  const inParentheses = text[at] === '('
  const first = inParentheses ? at + 1 : at
  let end = first
  while (isDigit(text.charCodeAt(end))) end++
  if (end === first || (inParentheses && text[end] !== ')')) return undefined
  return { start: at, end: inParentheses ? end + 1 : end, length: end - first, inParentheses, separator }
}

/** The digits of some groups, without what stands between them. */
export function digitsOf(text: string, groups: readonly DigitGroup[]): string {
  return groups.map((group) => digitsIn(text, group)).join('')
}

/** The digits of one group. */
export function digitsIn(text: string, { start, length, inParentheses }: DigitGroup): string {
  const first = inParentheses ? start + 1 : start
  return text.slice(first, first + length)
}
