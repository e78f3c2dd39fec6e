/** `shoal correct`: a person's right answer for a kept call. */
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { appError } from '../base/errors.ts'
import type { CallId } from '../base/ids.ts'
import { isJsonObject, tryParseJson } from '../base/json.ts'
import { type Corrected, type CorrectionRequest, correctCalls } from '../pipeline/correct.ts'
import { withContext } from './context.ts'

interface CorrectOptions {
  readonly file?: string
  readonly json?: boolean
}

/** Keeps corrections; training takes them over the upstream's answers, and the test of the specialist counts them. */
export function correctCommand(): Command {
  return new Command('correct')
    .summary('say what the right answer to a call is')
    .description(
      "Keeps a person's right answer for a call. It outweighs the upstream's in training; where a specialist had answered, it counts in the specialist's test too. A later correction of a call stands over an earlier one.",
    )
    .argument('[call]', 'id of the call, from the header x-shoal-call-id')
    .argument('[output]', 'the answer as the upstream would have written it, or the bare label')
    .option('--file <file>', 'many: a JSON document {"call": …, "output": …} on each line')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  shoal correct call_01KC4M8Z2B6W0N3R5T7V9X1Y4Q refund\n  shoal correct --file reviewed.jsonl',
    )
    .action((call: string | undefined, output: string | undefined, options: CorrectOptions) =>
      withContext(options, async ({ store, terminal }) => {
        const requests = await requestsOf(call, output, options)
        const corrected = await correctCalls(await store(), requests, systemClock)
        terminal.print(corrected.map(describe).join('\n'))
        terminal.printJson({
          corrected: corrected.map((one) => ({ ...one })),
        })
      }),
    )
}

async function requestsOf(
  call: string | undefined,
  output: string | undefined,
  { file }: CorrectOptions,
): Promise<readonly CorrectionRequest[]> {
  if (file === undefined && call !== undefined && output !== undefined)
    return [{ call: call as CallId, output }]
  if (file === undefined || call !== undefined)
    throw appError('usage.invalid', {
      problem: 'a call and its right answer are needed, or --file alone',
      hint: 'Write shoal correct CALL OUTPUT.',
    })
  const lines = (await readText(file)).split('\n')
  return lines.flatMap((line, at) =>
    line.trim() === '' ? [] : [requestOfLine(line, `${file}, line ${at + 1}`)],
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw appError('data.file-unreadable', { file, problem }, cause)
  }
}

function requestOfLine(line: string, place: string): CorrectionRequest {
  const value = tryParseJson(line)
  if (isJsonObject(value)) {
    const { call, output } = value
    if (typeof call === 'string' && typeof output === 'string') return { call: call as CallId, output }
    // An answer in JSON may stand there as it is.
    if (typeof call === 'string' && output !== undefined)
      return { call: call as CallId, output: JSON.stringify(output) }
  }
  throw appError('usage.invalid', {
    problem: `${place}: not a correction`,
    hint: 'Each line is {"call": "call_…", "output": "the right answer"}. Nothing was kept.',
  })
}

function describe({ call, output, wasWrong, specialist }: Corrected): string {
  const by = specialist === undefined ? 'the upstream' : specialist
  const verdict = wasWrong === undefined ? '' : wasWrong ? `; ${by} was wrong` : `; ${by} was right`
  return `${call}: ${output}${verdict}`
}
