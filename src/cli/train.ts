/** `shoal train`: a certified specialist out of a task's rows and calls. */
import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import pc from 'picocolors'
import { systemClock } from '../base/clock.ts'
import { parseSpecialistId, type TaskId, taskId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import { plainBaselines } from '../eval/baselines.ts'
import { readPriceSettings } from '../pipeline/configuration-file.ts'
import { taskEconomics } from '../pipeline/economics.ts'
import { loadExamples } from '../pipeline/read-files.ts'
import { gatherRows, type TaskRows } from '../pipeline/task-rows.ts'
import { type TrainedSpecialist, trainSpecialist } from '../pipeline/train.ts'
import { withTrainLock } from '../pipeline/train-lock.ts'
import type { TaskKind } from '../task/types.ts'
import { maskedText } from '../text/masking.ts'
import { createNanoTier } from '../tier/nano/nano-tier.ts'
import type { Card } from '../trust/card.ts'
import { cardMarkdown } from '../trust/card-markdown.ts'
import type { CommandContext } from './context.ts'
import { withContext } from './context.ts'
import { type ColumnFlags, durationFlag, saidColumns, shareFlag, wholeFlag } from './flags.ts'
import { addLayoutFlags, type LayoutFlags, saidLayout } from './layout-flags.ts'
import { packageVersion } from './version.ts'

interface TrainFlags extends ColumnFlags, LayoutFlags {
  readonly tier: 'nano' | 'auto'
  readonly data?: string
  readonly test?: string
  readonly kind?: TaskKind
  readonly risk?: number
  readonly delta?: number
  readonly promise?: 'answers' | 'parts'
  readonly promote?: boolean
  readonly budget?: number
  readonly seed: number
  readonly mergeLabels?: boolean
  readonly card?: string
  readonly json?: boolean
}

/** The command. */
export function trainCommand(): Command {
  const command = new Command('train')
    .summary('a certified specialist out of rows and calls')
    .description(
      'Trains a specialist for a task on its imported rows and kept calls (or on a file), certifies it on rows it never saw, publishes it, and with --promote lets it serve.',
    )
    .argument('<task>', 'the task')
    .addOption(new Option('--tier <tier>', 'how big').choices(['nano', 'auto']).default('auto'))
    .option('--data <file>', 'train on this labelled file instead of what the store holds')
    .option('--test <file>', 'judge on this labelled file; without it a part of the rows is held out')
    .option('--input <column>', 'column of the files that holds the input')
    .option('--output <column>', 'column of the files that holds the label')
    .option('--group <column>', 'column of the files whose rows must stay together')
  return addLayoutFlags(command)
    .addOption(
      new Option('--kind <kind>', 'what the task is, where its calls leave it unclear').choices([
        'classification',
        'extraction',
        'question-answering',
      ]),
    )
    .option('--risk <share>', 'share of local answers that may be wrong (default: 0.02)', shareFlag)
    .option('--delta <share>', 'probability that the promise fails by bad luck (default: 0.05)', shareFlag)
    .addOption(
      new Option(
        '--promise <of>',
        'what may be wrong in that share: whole answers, or the parts of an extraction (default: answers)',
      ).choices(['answers', 'parts']),
    )
    .option('--budget <time>', 'longest training time, such as 5m', durationFlag)
    .option('--seed <number>', 'seed of splits and training', wholeFlag, 0)
    .option('--merge-labels', 'take labels that differ only in case or spaces as one')
    .option('--promote', 'let it serve at once')
    .option('--card <file>', 'write the card to this Markdown file')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  shoal train support-intent --risk 0.02 --promote\n  shoal train support-intent --data tickets.csv --test held-out.csv',
    )
    .action((task: string, flags: TrainFlags) =>
      withContext(flags, (context) =>
        withTrainLock({ folder: context.home.folder, task: taskId(task) }, () =>
          train(context, taskId(task), flags),
        ),
      ),
    )
}

async function train(context: CommandContext, task: TaskId, flags: TrainFlags): Promise<void> {
  const { registry, signal, terminal } = context
  const store = await context.store()
  const rows = await readRows(context, task, flags)
  const shop = {
    tier: createNanoTier(),
    baselines: plainBaselines,
    registry,
    clock: systemClock,
    version: packageVersion(),
  }
  const { audit, costs } = await readPriceSettings(undefined)
  const economics = await taskEconomics(store, task, { auditShare: audit.rate, costs })
  const request = {
    seed: flags.seed,
    signal,
    progress: terminal.progress,
    ...(flags.budget !== undefined && { budgetMs: flags.budget }),
    ...(economics && { economics }),
  }
  const trained = await trainSpecialist(shop, rows, request)
  await store.tasks.put(rows.task)
  const specialist = trained.manifest.id
  await store.trainings.put({ specialist, task, atMs: systemClock.nowMs(), ...trained.cost })
  const promoted = flags.promote === true && stopsOf(trained.card).length === 0
  if (promoted) await registry.promote(specialist)
  if (flags.card !== undefined) await writeFile(flags.card, cardMarkdown(trained.card, { charts: true }))
  terminal.print(trainedText(trained, { promoted, asked: flags.promote === true }))
  terminal.printJson(trainedJson(trained, promoted))
}

async function readRows(context: CommandContext, task: TaskId, flags: TrainFlags): Promise<TaskRows> {
  const store = await context.store()
  const masked = (await store.tasks.get(task))?.masked ?? true
  const options = {
    mask: masked ? maskedText : (text: string) => text,
    layout: saidLayout(flags),
    columns: saidColumns(flags),
    signal: context.signal,
    progress: context.terminal.progress,
  }
  const load = async (file: string | undefined) =>
    file === undefined ? undefined : (await loadExamples([file], options)).examples
  const [examples, test] = [await load(flags.data), await load(flags.test)]
  return gatherRows(store, {
    task,
    mergeLabels: flags.mergeLabels ?? false,
    signal: context.signal,
    progress: context.terminal.progress,
    ...(flags.kind !== undefined && { kind: flags.kind }),
    ...(flags.risk !== undefined && { risk: flags.risk }),
    ...(flags.delta !== undefined && { delta: flags.delta }),
    ...(flags.promise !== undefined && { promise: flags.promise }),
    ...(examples && { examples }),
    ...(test && { test }),
  })
}

/** Why a specialist is not promoted by itself; `shoal promote` asks nobody. */
function stopsOf({ certificate, verdict }: Card): readonly string[] {
  const stops = verdict?.reasons.filter((reason) => reason.stops).map(({ sentence }) => sentence) ?? []
  return certificate.threshold === undefined && stops.length === 0 ? ['Nothing is certified.'] : stops
}

function trainedText(
  trained: TrainedSpecialist,
  serving: { readonly promoted: boolean; readonly asked: boolean },
): string {
  const { card, manifest } = trained
  const { certificate } = card
  const { version } = parseSpecialistId(manifest.id)
  const [stop] = stopsOf(card)
  const command = `shoal promote ${card.task.id} ${version}`
  const next = serving.promoted
    ? pc.green(`${manifest.id} serves now.`)
    : certificate.threshold === undefined
      ? pc.yellow(
          serving.asked ? 'It was not promoted: it may answer nothing.' : 'It may answer nothing yet.',
        )
      : stop === undefined
        ? `Let it serve: ${command}`
        : pc.yellow(`Not worth serving: ${stop} Let it serve all the same: ${command}`)
  return `${cardMarkdown(card, { charts: false })}\nTrained in ${(trained.trainMs / 1000).toFixed(1)} s, all in ${(trained.totalMs / 1000).toFixed(1)} s.\n${next}`
}

/** What `train --json` promises (design, section 5), and the whole card. */
function trainedJson(trained: TrainedSpecialist, promoted: boolean): Json {
  const { card, manifest } = trained
  const { certificate } = card
  const document = {
    specialist: manifest.id,
    tier: card.tier,
    promoted,
    rows: { train: card.data.train.rows, calibration: card.data.calibration.rows, test: card.data.test.rows },
    seconds: trained.trainMs / 1000,
    totalSeconds: trained.totalMs / 1000,
    verdict: card.verdict?.advice ?? null,
    score: (card.evaluation.extraction ?? card.evaluation.questionAnswering)?.f1 ?? card.evaluation.right,
    exactMatch: card.evaluation.right,
    baselines: card.comparison?.contenders ?? [],
    certificate: {
      risk: certificate.risk,
      delta: certificate.delta,
      promise: certificate.promise ?? 'answers',
      threshold: certificate.threshold ?? null,
      calibration: certificate.calibration,
      test: certificate.test,
      refusal: certificate.refusal ?? null,
    },
    sizeBytes: card.sizeBytes,
    textsPerSecond: trained.textsPerSecond,
    card,
  }
  return JSON.parse(JSON.stringify(document))
}
