/** The receipts of SROIE as calls of an extraction: the lines of the scanned text, and the annotated fields as JSON. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeAmount } from '../../src/task/fields/amounts.ts'
import { writeDate } from '../../src/task/fields/dates.ts'

export interface Receipt {
  readonly text: string
  /** As annotated. */
  readonly fields: { readonly [name: string]: string }
}

/** Reads all receipts in the order of their names, and the digest of their bytes. */
export function readReceipts(): { readonly receipts: readonly Receipt[]; readonly digest: string } {
  const folder = join(process.env['SHOAL_DATA'] ?? '../shared/data', 'sroie_receipts')
  const hash = createHash('sha256')
  const receipts = readdirSync(join(folder, 'key'))
    .sort()
    .map((name): Receipt => {
      const key = readFileSync(join(folder, 'key', name), 'utf8')
      const box = readFileSync(join(folder, 'box', name.replace('.json', '.csv')), 'utf8')
      hash.update(key).update(box)
      // Eight coordinates, then the line's text, in which commas are not quoted.
      const lines = box
        .trim()
        .split(/\r?\n/)
        .map((line) => line.split(',').slice(8).join(','))
      return { text: lines.join('\n'), fields: JSON.parse(key) }
    })
  return { receipts, digest: hash.digest('hex') }
}

/** The answer of an upstream that copies the fields. */
export function copiedAnswer({ fields }: Receipt): string {
  return JSON.stringify(fields)
}

/** The answer of an upstream that writes dates as ISO 8601 and totals as numbers; what it cannot read it copies. */
export function normalisedAnswer({ fields }: Receipt): string {
  const { company, date, address, total } = fields
  const iso = date && writeDate(date, { kind: 'date', order: 'day-first', pattern: 'yyyy-MM-dd' })
  const amount =
    total &&
    writeAmount(total.replace(/^(?:RM|\$)\s*/, ''), {
      kind: 'amount',
      decimal: 'point',
      written: { kind: 'shortest' },
    })
  return JSON.stringify({
    company,
    date: iso ?? date,
    address,
    total: amount === undefined || amount === '' ? total : Number(amount),
  })
}
