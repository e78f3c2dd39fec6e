/** `shoal train`: a certified specialist out of a task's rows and calls. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { systemClock } from '../base/clock.ts'
import { appError } from '../base/errors.ts'
import { type TaskId, taskId } from '../base/ids.ts'
import { plainBaselines } from '../eval/baselines.ts'
import { readPriceSettings } from '../pipeline/configuration-file.ts'
import { taskEconomics } from '../pipeline/economics.ts'
import { loadExamples } from '../pipeline/read-files.ts'
import { gatherRows, type TaskRows } from '../pipeline/task-rows.ts'
import { findTeacher } from '../pipeline/teacher.ts'
import type { Teaching } from '../pipeline/teaching.ts'
import { trainSpecialist } from '../pipeline/train.ts'
import { trainAuto } from '../pipeline/train-auto.ts'
import { withTrainLock } from '../pipeline/train-lock.ts'
import type { TrainRequest } from '../pipeline/train-request.ts'
import { keptInputs, loadInputs } from '../pipeline/unlabelled.ts'
import type { TaskKind } from '../task/types.ts'
import { maskedText } from '../text/masking.ts'
import { cardMarkdown } from '../trust/card-markdown.ts'
import type { CommandContext } from './context.ts'
import { withContext } from './context.ts'
import {
  type ColumnFlags,
  countFlag,
  durationFlag,
  rankFlag,
  saidColumns,
  shareFlag,
  wholeFlag,
} from './flags.ts'
import { addLayoutFlags, type LayoutFlags, saidLayout } from './layout-flags.ts'
import { everyTier, openTiers, tierNamed } from './tiers.ts'
import { stopsOf, type TrainReport, trainedJson, trainedText } from './train-report.ts'
import { packageVersion } from './version.ts'

interface TrainFlags extends ColumnFlags, LayoutFlags {
  readonly tier: 'nano' | 'micro' | 'auto'
  readonly data?: string
  readonly test?: string
  readonly kind?: TaskKind
  readonly risk?: number
  readonly delta?: number
  readonly promise?: 'answers' | 'parts'
  readonly promote?: boolean
  readonly budget?: number
  readonly base?: string
  /** True: of the usual rank. */
  readonly lora?: number | true
  readonly shots?: number
  readonly teacher?: string
  readonly unlabelled?: string
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
    .addOption(
      new Option(
        '--tier <tier>',
        'how big: nano trains in seconds, micro is an encoder; auto trains nano first and micro behind it where that buys something',
      )
        .choices(['nano', 'micro', 'auto'])
        .default('nano'),
    )
    .option('--base <model>', 'base model that micro begins from, by name or alias')
    .option(
      '--lora [rank]',
      'micro trains an adapter of this rank (default: 8) instead of layers of its own: small, and many share one base',
      rankFlag,
    )
    .option(
      '--teacher <version>',
      'a specialist of the task, TASK@VERSION, that labels more inputs for nano to learn from',
    )
    .option('--unlabelled <file>', 'the inputs that it labels (default: those of the kept calls)')
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
    .option('--shots <number>', 'train on so many rows of each label only, for trying', countFlag)
    .option('--seed <number>', 'seed of splits and training', wholeFlag, 0)
    .option('--merge-labels', 'take labels that differ only in case or spaces as one')
    .option('--promote', 'let it serve at once')
    .option('--card <file>', 'write the card to this Markdown file')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  shoal train support-intent --risk 0.02 --promote\n  shoal train support-intent --tier auto --budget 10m\n  shoal train support-intent --data tickets.csv --test held-out.csv',
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
  checkFlags(flags)
  const { registry, signal, terminal } = context
  const store = await context.store()
  const rows = await readRows(context, task, flags)
  const { audit, costs } = await readPriceSettings(undefined)
  const economics = await taskEconomics(store, task, { auditShare: audit.rate, costs })
  const teaching = await teachingOf(context, rows, flags)
  const checkpointFolder = join(context.home.folder, 'training', `${task}.checkpoints`)
  const request = {
    seed: flags.seed,
    signal,
    progress: terminal.progress,
    checkpointFolder,
    ...(flags.budget !== undefined && { budgetMs: flags.budget }),
    ...(flags.base !== undefined && { base: flags.base }),
    ...(flags.lora !== undefined && { lora: flags.lora === true ? usualRank : flags.lora }),
    ...(flags.shots !== undefined && { shots: flags.shots }),
    ...(economics && { economics }),
    ...(teaching && { teaching }),
  }
  const { trained, why, others } = await trainAsked(flags.tier, context, { rows, request })
  await rm(checkpointFolder, { recursive: true, force: true })
  await store.tasks.put(rows.task)
  for (const { manifest, cost } of [...others, trained])
    await store.trainings.put({ specialist: manifest.id, task, atMs: systemClock.nowMs(), ...cost })
  const asked = flags.promote === true
  const promoted = asked && stopsOf(trained.card).length === 0
  if (promoted) await registry.promote(trained.manifest.id)
  if (flags.card !== undefined) await writeFile(flags.card, cardMarkdown(trained.card, { charts: true }))
  const report = { trained, why, others, promoted, asked }
  terminal.print(trainedText(report))
  terminal.printJson(trainedJson(report))
}

interface Asked {
  readonly rows: TaskRows
  readonly request: TrainRequest
}

/** Trains what the flag `--tier` names. */
async function trainAsked(
  name: TrainFlags['tier'],
  { home, registry, signal, terminal }: CommandContext,
  { rows, request }: Asked,
): Promise<Pick<TrainReport, 'trained' | 'why' | 'others'>> {
  const tiers = await openTiers({ home, pulling: { signal, progress: terminal.progress } })
  const shop = { baselines: plainBaselines, registry, clock: systemClock, version: packageVersion() }
  if (name !== 'auto') {
    const tier = tierNamed(tiers, name)
    return { trained: await trainSpecialist({ ...shop, tier }, rows, request), why: [], others: [] }
  }
  const { nano: first, micro: second } = tiers
  const auto = await trainAuto({ ...shop, first, ...(second && { second }) }, rows, request)
  const all = auto.second ? [auto.first, auto.second] : [auto.first]
  return { trained: auto.chosen, why: auto.why, others: all.filter((one) => one !== auto.chosen) }
}

/** Rank of an adapter where --lora says none. */
const usualRank = 8

/** Flags that say something to one tier only are mistakes with another. */
function checkFlags({ tier, base, lora, teacher, unlabelled }: TrainFlags): void {
  if (teacher !== undefined && tier !== 'nano')
    throw appError('usage.invalid', {
      problem: '--teacher teaches nano, and no larger tier',
      hint: 'Leave --teacher out, or train with --tier nano.',
    })
  if (unlabelled !== undefined && teacher === undefined)
    throw appError('usage.invalid', {
      problem: '--unlabelled gives texts for a teacher to label, and there is none',
      hint: 'Add --teacher TASK@VERSION.',
    })
  if (tier === 'nano' && base !== undefined)
    throw appError('usage.invalid', {
      problem: '--base names the model that a larger tier begins from, and nano has none',
      hint: 'Add --tier micro or --tier auto, or leave --base out.',
    })
  if (tier === 'nano' && lora !== undefined)
    throw appError('usage.invalid', {
      problem: '--lora trains an adapter on a base model, and nano has none',
      hint: 'Add --tier micro or --tier auto, or leave --lora out.',
    })
}

/** The specialist that teaches, and the inputs that it is to label. */
async function teachingOf(
  context: CommandContext,
  { task }: TaskRows,
  { teacher, unlabelled, input, ...flags }: TrainFlags,
): Promise<Teaching | undefined> {
  if (teacher === undefined) return undefined
  const { home, registry, signal, terminal } = context
  const work = { signal, progress: terminal.progress }
  const tiers = everyTier(await openTiers({ home }))
  const mask = task.masked ? maskedText : (text: string) => text
  const reading = { ...work, mask, layout: saidLayout(flags), ...(input !== undefined && { input }) }
  return {
    teacher: await findTeacher(teacher, { registry, tiers }),
    inputs:
      unlabelled === undefined
        ? await keptInputs(await context.store(), task, work)
        : await loadInputs(unlabelled, reading),
  }
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
