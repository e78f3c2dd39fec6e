/** `shoal predict`: a specialist's answers to texts, or to questions about a text, on the command line or lines on stdin. */
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import type { Json } from '../base/json.ts'
import { gateOf, openTarget, type Target } from '../pipeline/target.ts'
import { answerText } from '../task/extraction.ts'
import { originalOutput } from '../task/original-output.ts'
import type { Prediction } from '../task/predictor.ts'
import type { TaskInput, TaskOutput } from '../task/types.ts'
import { maskedText } from '../text/masking.ts'
import { type CommandContext, withContext } from './context.ts'
import { contextOf, questionOf } from './question-input.ts'
import { everyTier, openTiers } from './tiers.ts'

const batch = 256

interface PredictFlags {
  readonly context?: string
  readonly json?: boolean
}

/** The command. */
export function predictCommand(): Command {
  return new Command('predict')
    .summary('ask a specialist')
    .description(
      "Prints a specialist's answer to each text, its confidence, and whether its certificate lets it answer; without texts it reads lines from stdin. A task of questions is asked about the text of --context, or in lines of JSON with 'question' and 'context'.",
    )
    .argument('<target>', 'a task (the version that serves, or else the newest) or TASK@VERSION')
    .argument('[text...]', 'texts, or questions')
    .option('--context <text or file>', 'what the questions are about: a file, or else the text itself')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  shoal predict support-intent "where is my parcel?"\n  shoal predict support-intent@3 < lines.txt\n  shoal predict faq --context handbook.txt "how many days of leave are there?"',
    )
    .action((target: string, texts: string[], flags: PredictFlags) =>
      withContext(flags, (context) => predict(context, target, { texts, flags })),
    )
}

async function predict(
  context: CommandContext,
  text: string,
  { texts, flags }: { readonly texts: readonly string[]; readonly flags: PredictFlags },
): Promise<void> {
  const { registry, signal, terminal } = context
  const target = await openTarget(text, { registry, tiers: everyTier(await openTiers(context)) })
  const about = await contextOf(target.task, flags.context)
  const printed: Json[] = []
  let read = 0
  if (target.why !== undefined) terminal.note(target.why)
  try {
    for await (const some of batches(texts)) {
      const mask = target.task.masked ? maskedText : (plain: string): string => plain
      const inputs = some.map((one): AskedInput => {
        read++
        return target.task.kind === 'question-answering'
          ? questionOf(one, { context: about, line: texts.length > 0 ? undefined : read })
          : { kind: 'text', text: one }
      })
      const predictions = await target.predictor.predict(
        inputs.map((one) => masked(one, mask)),
        { signal },
      )
      for (const [at, prediction] of predictions.entries()) {
        const row = describe(target, inputs[at]!, prediction)
        printed.push(row)
        terminal.print(
          `${row.answer ?? '(no answer)'}\t${row.confidence.toFixed(4)}\t${row.answersLocally ? 'local' : 'upstream'}`,
        )
      }
    }
    terminal.printJson({ specialist: target.id, predictions: printed })
  } finally {
    await target.predictor.dispose()
  }
}

async function* batches(texts: readonly string[]): AsyncIterable<readonly string[]> {
  if (texts.length > 0) return yield texts
  let some: string[] = []
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    some.push(line)
    if (some.length < batch) continue
    yield some
    some = []
  }
  if (some.length > 0) yield some
}

type AskedInput = Exclude<TaskInput, { kind: 'chat' }>

function masked(input: AskedInput, mask: (text: string) => string): AskedInput {
  if (input.kind === 'text') return { kind: 'text', text: mask(input.text) }
  return { kind: 'question', question: mask(input.question), context: mask(input.context) }
}

function describe(target: Target, input: AskedInput, said: Prediction) {
  const { confidence, novelty, parts } = said
  const output = target.task.masked ? originalOutput(input, said.output) : said.output
  const label = output.kind === 'labels' ? { label: output.labels[0] ?? '' } : {}
  const answer = answerText(target.task.rendering, input, output)
  const { threshold, noveltyLimit } = gateOf(target)
  const passes = said.mayAnswer ?? (confidence >= (threshold ?? 0) && novelty <= noveltyLimit)
  const answersLocally = threshold !== undefined && passes
  const sure = parts && { parts: parts.map((part) => ({ name: part.name, confidence: part.confidence })) }
  return {
    ...label,
    ...(answer !== undefined && { answer }),
    ...spanOf(output),
    confidence,
    novelty,
    answersLocally,
    ...sure,
  }
}

/** Where a quote stands in its context, in UTF-16 units, the end exclusive; `null` for "not there". */
function spanOf(output: TaskOutput): { readonly span?: Json } {
  if (output.kind !== 'answer') return {}
  if (output.span === undefined) return { span: null }
  const { start, end, text } = output.span
  return { span: { start, end, text } }
}
