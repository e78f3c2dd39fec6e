/** How commands speak: one JSON document or text on stdout, progress on stderr (drawn on a terminal, plain lines elsewhere). */
import pc from 'picocolors'
import type { Json } from '../base/json.ts'
import type { Progress } from '../base/progress.ts'

export interface Terminal {
  /** Prints a result for people; nothing when the command was asked for JSON. */
  print(text: string): void
  /** Prints the command's one JSON document, where it was asked for. */
  printJson(value: Json): void
  /** Says something on stderr that is neither result nor progress. */
  note(text: string): void
  /** Draws or prints progress on stderr. */
  readonly progress: Progress
  /** Ends the line that progress is drawn on. */
  endProgress(): void
}

/** Talks to a person or, with `json`, to a program. */
export function createTerminal(options: { readonly json: boolean }): Terminal {
  const { progress, end } = progressLine(process.stderr)
  return {
    print: (text) => {
      end()
      if (!options.json) process.stdout.write(`${text}\n`)
    },
    printJson: (value) => {
      end()
      if (options.json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
    },
    note: (text) => {
      end()
      process.stderr.write(`${text}\n`)
    },
    progress,
    endProgress: end,
  }
}

/** One line that is redrawn at most ten times a second; off a terminal, a line at each new stage and its end. */
function progressLine(stream: NodeJS.WriteStream): { readonly progress: Progress; readonly end: () => void } {
  let [stage, drawnAtMs, open] = ['', 0, false]
  const end = (): void => {
    if (open) stream.write('\n')
    open = false
  }
  const progress: Progress = (event) => {
    const finished = event.total !== undefined && event.done >= event.total
    const isNew = event.stage !== stage
    if (!stream.isTTY) {
      if (isNew || finished) stream.write(`${describe(event)}\n`)
    } else if (isNew || finished || performance.now() - drawnAtMs > 100) {
      if (isNew) end()
      stream.write(`\r\u001b[K${bar(event, stream.columns)}`)
      drawnAtMs = performance.now()
      open = true
    }
    stage = event.stage
    if (finished) end()
  }
  return { progress, end }
}

type Event = Parameters<Progress>[0]

/** `training  1,200 of 3,000  loss 0.12`. */
function describe(event: Event): string {
  const of = event.total === undefined ? '' : ` of ${event.total.toLocaleString('en')}`
  return `${event.stage}  ${event.done.toLocaleString('en')}${of}${event.detail ? `  ${event.detail}` : ''}`
}

function bar(event: Event, columns: number): string {
  const text = describe(event)
  if (event.total === undefined || event.total === 0) return text.slice(0, columns - 1)
  const width = 24
  const filled = Math.round((width * Math.min(event.done, event.total)) / event.total)
  const line = `${'━'.repeat(filled)}${'─'.repeat(width - filled)} ${text}`.slice(0, columns - 1)
  return pc.cyan(line.slice(0, filled)) + line.slice(filled)
}

/** A table with aligned columns; numbers are the caller's to format. Wide (CJK) characters count two columns. */
export function formatTable(
  rows: readonly (readonly string[])[],
  options: { readonly right?: readonly number[] } = {},
): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => displayWidth(row[at] ?? ''))),
  )
  const cell = (text: string, at: number): string => {
    const gap = ' '.repeat(widths[at]! - displayWidth(text))
    return options.right?.includes(at) ? gap + text : text + gap
  }
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}

/** Columns that a text takes on a terminal, colour codes not counted. */
function displayWidth(text: string): number {
  const plain = text.replace(/\u001b\[[0-9;]*m/g, '')
  let width = 0
  for (const character of plain)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
        character,
      )
        ? 2
        : 1
  return width
}
