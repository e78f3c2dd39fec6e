/** Flags that several commands take, and how their values are read. */
import { appError } from '../base/errors.ts'
import type { SaidColumns } from '../data/columns.ts'

/** A share strictly between 0 and 1, such as 0.02. */
export function shareFlag(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value < 1) return value
  const percent = /^([0-9.]+)%?$/.exec(text)
  const meant = percent && Number(percent[1]) < 100 ? ` Did you mean ${Number(percent[1]) / 100}?` : ''
  throw appError('usage.invalid', {
    problem: `"${text}" is not a share between 0 and 1`,
    hint: `Give one such as 0.02.${meant}`,
  })
}

/** A whole number from 0. */
export function wholeFlag(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw appError('usage.invalid', {
    problem: `"${text}" is not a whole number`,
    hint: 'Give one such as 0 or 42.',
  })
}

/** A whole number from 1. */
export function countFlag(text: string): number {
  const count = wholeFlag(text)
  if (count > 0) return count
  throw appError('usage.invalid', { problem: '0 is too few', hint: 'Give a whole number from 1.' })
}

/** The rank of an adapter; the flag may stand without one, so that what follows it could be meant for something else. */
export function rankFlag(text: string): number {
  if (/^[0-9]{1,9}$/.test(text) && Number(text) > 0) return Number(text)
  throw appError('usage.invalid', {
    problem: `"${text}" is not the rank of an adapter`,
    hint: 'Give --lora a whole number from 1, such as 8, or nothing, as the last flag.',
  })
}

/** A time such as 90s, 5m or 1h, in milliseconds. */
export function durationFlag(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(s|m|h)$/.exec(text)
  const unitMs = { s: 1000, m: 60_000, h: 3_600_000 }
  const unit = match?.[2] as keyof typeof unitMs | undefined
  if (match && unit) return Number(match[1]) * unitMs[unit]
  throw appError('usage.invalid', {
    problem: `"${text}" is not a time`,
    hint: 'Give one such as 90s, 5m or 1h.',
  })
}

export interface ColumnFlags {
  readonly input?: string
  readonly output?: string
  readonly group?: string
}

/** The columns that were said, without those that were not. */
export function saidColumns(flags: ColumnFlags): SaidColumns {
  return {
    ...(flags.input !== undefined && { input: flags.input }),
    ...(flags.output !== undefined && { output: flags.output }),
    ...(flags.group !== undefined && { group: flags.group }),
  }
}

/** A moment, milliseconds since 1970: a day in UTC (its start, or the start of the next), a time with its zone, or so long ago. */
export function momentFlag(of: 'start' | 'end'): (text: string) => number {
  return (text) => {
    const ago = /^([0-9]+(?:\.[0-9]+)?)(m|h|d)$/.exec(text)
    const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 }
    if (ago) return Date.now() - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs]
    const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text)
    const atMs =
      isDay || /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})$/.test(text) ? Date.parse(text) : Number.NaN
    if (!Number.isNaN(atMs)) return isDay && of === 'end' ? atMs + unitMs.d : atMs
    throw appError('usage.invalid', {
      problem: `"${text}" is not a time`,
      hint: 'Give a day such as 2026-11-01 (UTC), a time such as 2026-11-01T12:00:00Z, or 7d or 24h for so long ago.',
    })
  }
}
