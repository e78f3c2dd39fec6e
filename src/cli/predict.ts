/** `shoal predict`: a specialist's answers to texts on the command line or lines on stdin. */
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import type { Json } from '../base/json.ts'
import { gateOf, openTarget, type Target } from '../pipeline/target.ts'
import type { Prediction } from '../task/predictor.ts'
import { servedAnswer } from '../task/served-answer.ts'
import type { TaskInput } from '../task/types.ts'
import { maskedText } from '../text/masking.ts'
import { createNanoTier } from '../tier/nano/nano-tier.ts'
import { type CommandContext, withContext } from './context.ts'

const batch = 256

/** The command. */
export function predictCommand(): Command {
  return new Command('predict')
    .summary('ask a specialist')
    .description(
      "Prints a specialist's answer to each text, its confidence, and whether its certificate lets it answer; without texts it reads lines from stdin.",
    )
    .argument('<target>', 'a task (the version that serves, or else the newest) or TASK@VERSION')
    .argument('[text...]', 'texts')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  shoal predict support-intent "where is my parcel?"\n  shoal predict support-intent@3 < lines.txt',
    )
    .action((target: string, texts: string[], flags: { json?: boolean }) =>
      withContext(flags, (context) => predict(context, target, texts)),
    )
}

async function predict(context: CommandContext, text: string, texts: readonly string[]): Promise<void> {
  const { registry, signal, terminal } = context
  const target = await openTarget(text, { registry, tiers: [createNanoTier()] })
  const printed: Json[] = []
  if (target.why !== undefined) terminal.note(target.why)
  try {
    for await (const some of batches(texts)) {
      const mask = target.task.masked ? maskedText : (plain: string): string => plain
      const inputs = some.map((one) => ({ kind: 'text' as const, text: mask(one) }))
      const predictions = await target.predictor.predict(inputs, { signal })
      for (const [at, prediction] of predictions.entries()) {
        const row = describe(target, { kind: 'text', text: some[at]! }, prediction)
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

function describe(target: Target, input: TaskInput, said: Prediction) {
  const { output, confidence, novelty, parts } = said
  const label = output.kind === 'labels' ? { label: output.labels[0] ?? '' } : {}
  const answer = servedAnswer(target.task, input, output)
  const { threshold, noveltyLimit } = gateOf(target)
  const passes = said.mayAnswer ?? (confidence >= (threshold ?? 0) && novelty <= noveltyLimit)
  const answersLocally = threshold !== undefined && passes
  const sure = parts && { parts: parts.map((part) => ({ name: part.name, confidence: part.confidence })) }
  return { ...label, ...(answer !== undefined && { answer }), confidence, novelty, answersLocally, ...sure }
}
