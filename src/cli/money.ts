/** Money, energy and counts as people read them. */

/** US dollars with as many digits as mean something: whole cents from a dollar on, two digits below a cent. */
export function usdText(usd: number): string {
  const amount = Math.abs(usd)
  const sign = usd < 0 ? '-' : ''
  if (amount === 0) return '$0.00'
  if (amount >= 1) {
    return `${sign}$${amount.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
  }
  if (amount < 1e-9) return `${sign}less than $0.000000001`
  const digits = Math.min(9, Math.max(2, 1 - Math.floor(Math.log10(amount)) + (amount < 0.01 ? 0 : 1)))
  return `${sign}$${amount.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, '$1')}`
}

const energyUnits = [
  { unit: 'kWh', joules: 3_600_000 },
  { unit: 'Wh', joules: 3_600 },
  { unit: 'J', joules: 1 },
  { unit: 'mJ', joules: 0.001 },
] as const

/** Joules in the unit that suits them, three digits. */
export function energyText(joules: number): string {
  if (joules === 0) return '0 J'
  const { unit, joules: size } = energyUnits.find((each) => joules >= each.joules) ?? energyUnits[3]
  return `${threeDigits(joules / size)} ${unit}`
}

/** A number with three digits that mean something. */
function threeDigits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 6 })
}

/** A whole number with separators. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString('en')
}

/** A time in the unit that suits it. */
export function durationText(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 1) return `${threeDigits(milliseconds)} ms`
  if (seconds < 120) return `${threeDigits(seconds)} s`
  return seconds < 7200 ? `${threeDigits(seconds / 60)} min` : `${threeDigits(seconds / 3600)} h`
}
