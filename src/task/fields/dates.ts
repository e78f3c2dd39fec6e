/** Dates as people write them, read and written in one pattern. Month names in English, German, French and Spanish. */
import type { DateRule } from './field-rendering.ts'
import { type Place, wholeMatches } from './place.ts'

interface Day {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

const english = 'January February March April May June July August September October November December'.split(
  ' ',
)
const otherNames: readonly string[] = [
  'januar februar märz april mai juni juli august september oktober november dezember',
  'janvier février mars avril mai juin juillet août septembre octobre novembre décembre',
  'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre',
  'jan feb mär apr mai jun jul aug sept okt nov dez',
  'janv févr mars avr mai juin juil août sep oct nov déc',
  'ene feb mrz abr may jun jul ago sep oct nov dic',
]
const months: ReadonlyMap<string, number> = new Map([
  ...english.flatMap((name, at): [string, number][] => [
    [name.toLowerCase(), at + 1],
    [name.slice(0, 3).toLowerCase(), at + 1],
  ]),
  ...otherNames.flatMap((names) => names.split(' ').map((name, at): [string, number] => [name, at + 1])),
])

const name = '(\\p{L}{3,10})\\.?'
const yearFirst = /(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日?)/
const numbers = /(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})/
const dayName = new RegExp(
  `(\\d{1,2})(?:st|nd|rd|th|er|\\.)?(?:\\s+(?:of|de))?[\\s-]*${name}(?:\\s+de)?[\\s,-]*(\\d{4}|\\d{2})`,
  'u',
)
const nameDay = new RegExp(`${name}\\s*(\\d{1,2})(?:st|nd|rd|th)?[,\\s]+(\\d{4})`, 'u')
const compact = /((?:19|20)\d{2})(\d{2})(\d{2})/
const anyDate = new RegExp(
  [yearFirst, dayName, nameDay, compact]
    .map((one) => one.source)
    .concat('\\d{1,2}(?<sign>[-/.])\\d{1,2}\\k<sign>(?:\\d{4}|\\d{2})')
    .join('|'),
  'gu',
)

/** Where dates stand in a text. */
export function datePlaces(text: string): readonly Place[] {
  return wholeMatches(text, anyDate).filter(
    ({ start, end }) =>
      readDay(text.slice(start, end), 'day-first') ?? readDay(text.slice(start, end), 'month-first'),
  )
}

/** A date written by a rule; `undefined` where the text is no date. */
export function writeDate(text: string, { order, pattern }: DateRule): string | undefined {
  const day = readDay(text.trim(), order)
  return day && pattern.replace(/yyyy|yy|MMMM|MMM|MM|M|dd|d/g, (part) => partOf(day, part))
}

function partOf({ year, month, day }: Day, part: string): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  switch (part) {
    case 'yyyy':
      return String(year).padStart(4, '0')
    case 'yy':
      return two(year % 100)
    case 'MMMM':
      return english[month - 1]!
    case 'MMM':
      return english[month - 1]!.slice(0, 3)
    case 'MM':
      return two(month)
    case 'M':
      return String(month)
    case 'dd':
      return two(day)
    default:
      return String(day)
  }
}

function readDay(text: string, order: DateRule['order']): Day | undefined {
  const whole = (pattern: RegExp): RegExpExecArray | null =>
    new RegExp(`^(?:${pattern.source})$`, 'u').exec(text)
  const first = whole(yearFirst) ?? whole(compact)
  if (first) return dayOf(first[1]!, first[2] ?? first[4]!, first[3] ?? first[5]!)
  const digits = whole(numbers)
  if (digits) {
    const [a, b] = [digits[1]!, digits[3]!]
    return order === 'day-first' ? dayOf(digits[4]!, b, a) : dayOf(digits[4]!, a, b)
  }
  const named = whole(dayName)
  if (named) return dayOf(named[3]!, months.get(named[2]!.toLowerCase()), named[1]!)
  const american = whole(nameDay)
  return american ? dayOf(american[3]!, months.get(american[1]!.toLowerCase()), american[2]!) : undefined
}

function dayOf(yearText: string, month: string | number | undefined, dayText: string): Day | undefined {
  const short = Number(yearText)
  const year = yearText.length > 2 ? short : short + (short < 70 ? 2000 : 1900)
  const [monthNumber, day] = [Number(month), Number(dayText)]
  if (!(monthNumber >= 1 && monthNumber <= 12)) return undefined
  return day >= 1 && day <= new Date(Date.UTC(year, monthNumber, 0)).getUTCDate()
    ? { year, month: monthNumber, day }
    : undefined
}

/** The usual patterns: of those that write the same, the first is taken. */
const patterns = [
  'yyyy-MM-dd',
  'dd/MM/yyyy',
  'MM/dd/yyyy',
  'dd.MM.yyyy',
  'dd-MM-yyyy',
  'yyyy/MM/dd',
  'yyyyMMdd',
  'd MMMM yyyy',
  'dd MMMM yyyy',
  'MMMM d, yyyy',
  'd MMM yyyy',
  'dd MMM yyyy',
  'MMM d, yyyy',
  'd/M/yyyy',
  'M/d/yyyy',
  'd.M.yyyy',
  'dd/MM/yy',
  'MM/dd/yy',
  'yyyy年M月d日',
]

/** The rules that could have written such values. */
export function dateRules(values: readonly string[]): readonly DateRule[] {
  return patterns
    .filter((pattern) => {
      const shape = shapeOf(pattern)
      return values.filter((value) => shape.test(value)).length >= 0.9 * values.length
    })
    .flatMap((pattern) =>
      (['day-first', 'month-first'] as const).map((order): DateRule => ({ kind: 'date', order, pattern })),
    )
}

function shapeOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.]/g, '\\.')
    .replace(/yyyy|yy|MMMM|MMM|MM|M|dd|d/g, (part) =>
      part.startsWith('MMM') ? '[A-Z][a-z]{2,8}' : part.length === 1 ? '\\d{1,2}' : `\\d{${part.length}}`,
    )
  return new RegExp(`^${source}$`)
}
