/** How `shoal import --fix` decides: by the fixes that were named, or by asking a person about each finding, label errors one by one. */
import { createInterface, type Interface } from 'node:readline/promises'
import pc from 'picocolors'
import { appError } from '../base/errors.ts'
import { readableInput } from '../data/example-set.ts'
import type { DataFindings, SuspectRow } from '../eval/data-findings.ts'
import { type FixName, fixesNamed, fixNames, rowsOfFix, suspectsOf } from '../pipeline/fix-rows.ts'
import type { Decision, PlacedRows } from '../pipeline/import-fixed.ts'

const shownUnits = 300
const wholeFixes = fixNames.filter((name) => !name.endsWith('-suspects'))
const questions: { readonly [Name in FixName]: string } = {
  'drop-duplicates': 'rows repeat an earlier row. Drop them?',
  'drop-near-duplicates': 'rows nearly repeat an earlier row. Drop them?',
  'drop-contradictions': 'rows have one input and different outputs. Drop them all?',
  'drop-long': 'rows are very long. Drop them?',
  'drop-suspects': 'labels look wrong. Drop these rows?',
  'relabel-suspects': 'labels look wrong. Change them?',
}

/** The fixes of `--fix a,b`; a name that is none is an error that lists them. */
export function fixList(text: string): readonly FixName[] {
  return text.split(',').map((part) => {
    const name = fixNames.find((known) => known === part.trim())
    if (name !== undefined) return name
    throw appError('usage.invalid', {
      problem: `"${part.trim()}" is nothing that --fix can do`,
      hint: `Give some of ${fixNames.join(', ')}, or nothing to be asked.`,
    })
  })
}

/** Decides by the named fixes alone. */
export function decideByName(names: readonly FixName[]) {
  return async (_rows: PlacedRows, findings: DataFindings): Promise<Decision> => ({
    ...fixesNamed(findings, names),
    relabelledBy: 'synthetic',
  })
}

/** Decides by asking on the terminal; what is not confirmed stays as it is. */
export async function decideByAsking(rows: PlacedRows, findings: DataFindings): Promise<Decision> {
  if (!process.stdin.isTTY)
    throw appError('usage.invalid', {
      problem: 'There is no terminal to ask on',
      hint: `Name what is to be done: --fix ${fixNames.join(',')} or some of these.`,
    })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const names: FixName[] = []
    for (const name of wholeFixes) {
      const count = rowsOfFix(findings, name).length
      if (count > 0 && (await confirms(terminal, `${count.toLocaleString('en')} ${questions[name]}`)))
        names.push(name)
    }
    const whole = fixesNamed(findings, names)
    const suspects = suspectsOf(findings).filter(({ row }) => !whole.drop.has(row))
    const judged = await askEach(terminal, suspects, rows)
    return { drop: new Set([...whole.drop, ...judged.drop]), relabel: judged.relabel, relabelledBy: 'human' }
  } finally {
    terminal.close()
  }
}

async function confirms(terminal: Interface, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await terminal.question(`${question} ${pc.dim('[y/N]')} `)).trim())
}

/** Goes through the suspects until the person has had enough. */
async function askEach(
  terminal: Interface,
  suspects: readonly SuspectRow[],
  { examples, places }: PlacedRows,
): Promise<{ readonly drop: readonly number[]; readonly relabel: ReadonlyMap<number, string> }> {
  const drop: number[] = []
  const relabel = new Map<number, string>()
  for (const [at, { row, given, likely }] of suspects.entries()) {
    const { file, line } = places[row]!
    const { input } = examples[row]!
    const text = readableInput(input).slice(0, shownUnits)
    const head = `${pc.dim(`${at + 1} of ${suspects.length}  ${file}:${line}`)}\n  ${text}\n  ${given} → ${pc.bold(likely)}?`
    const answer = await terminal.question(`${head} ${pc.dim('[y]es, [d]rop the row, [s]top, or keep it: ')}`)
    const [letter] = answer.trim().toLowerCase()
    if (letter === 's') break
    if (letter === 'y') relabel.set(row, likely)
    if (letter === 'd') drop.push(row)
  }
  return { drop, relabel }
}
