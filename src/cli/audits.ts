/** `shoal audits`: what checking local answers with the upstream has shown of each specialist. */
import { Command } from 'commander'
import { type SpecialistId, type TaskId, taskId } from '../base/ids.ts'
import type { Registry } from '../registry/registry.ts'
import type { Store } from '../trace/store.ts'
import type { AuditFigures } from '../trust/audit-record.ts'
import { auditReport } from '../trust/audit-report.ts'
import { parseCard } from '../trust/card.ts'
import { type CommandContext, withContext } from './context.ts'
import { formatTable } from './terminal.ts'

/** A specialist that serves, or that was demoted, with what its audits have shown. */
interface Audited extends AuditFigures {
  readonly task: TaskId
  readonly specialist: SpecialistId
  /** Audits that went upstream since its promotion and gave no verdict: unanswered, or no answer of the task. */
  readonly withoutVerdict: number
  readonly promisedRisk: number
  readonly wrongMeans: 'error' | 'disagreement'
  readonly demoted?: { readonly at: string; readonly why: string }
}

/** The command. */
export function auditsCommand(): Command {
  return new Command('audits')
    .summary('what checking local answers has shown')
    .description(
      'A random share of what is answered locally is sent to the upstream too and compared. This shows for each specialist, since it was promoted: how many answers were checked and contradicted, bounds of their share that hold at every moment, and the evidence that the promise no longer holds. At the evidence that is needed the specialist is demoted.',
    )
    .argument('[task]', 'only this task')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  shoal audits support-intent')
    .action((task: string | undefined, options: { json?: boolean }) =>
      withContext(options, async (context) => {
        const store = await context.store()
        const tasks = task === undefined ? (await store.tasks.list()).map(({ id }) => id) : [taskId(task)]
        const audited: Audited[] = []
        for (const id of tasks) {
          const one = await auditsOf(id, { registry: context.registry, store })
          if (one) audited.push(one)
        }
        show(context, audited)
      }),
    )
}

async function auditsOf(
  task: TaskId,
  { registry, store }: { readonly registry: Registry; readonly store: Store },
): Promise<Audited | undefined> {
  const demotion = await registry.demotion(task)
  const specialist = (await registry.promoted(task)) ?? demotion?.was
  if (specialist === undefined) return undefined
  const { manifest } = await registry.describe(specialist)
  const { certificate } = parseCard(manifest.card, specialist)
  // The time of its promotion is gone once it was demoted.
  const movedAt = demotion ? undefined : await registry.movedAt(task)
  const sinceMs = movedAt === undefined ? 0 : Date.parse(movedAt)
  const figures = await auditReport(store.checks.iterate(specialist), { certificate, sinceMs })
  const sent = await store.calls.count({ task, audits: true, sinceMs })
  return {
    task,
    specialist,
    ...figures,
    withoutVerdict: Math.max(0, sent - figures.audited),
    promisedRisk: certificate.risk,
    wrongMeans: certificate.wrongMeans,
    ...(demotion && { demoted: { at: demotion.at, why: demotion.why } }),
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`

function show({ terminal }: CommandContext, audited: readonly Audited[]): void {
  const head = [
    'specialist',
    'audited',
    'wrong',
    'share, at all times',
    'allowed',
    'evidence',
    'no verdict',
    '',
  ]
  const rows = audited.map((one) => [
    one.specialist,
    `${one.audited}`,
    `${one.wrong}`,
    one.risk ? `${percent(one.risk.low)} to ${percent(one.risk.high)}` : '',
    one.allowed === undefined ? 'being learned' : percent(one.allowed),
    `${one.evidence.toFixed(1)} of ${one.needed.toFixed(0)}`,
    `${one.withoutVerdict}`,
    one.demoted ? 'demoted' : 'serves',
  ])
  const sentences = audited.flatMap(({ specialist, demoted, foundWrong }) => [
    ...(demoted ? [`${specialist} was demoted at ${demoted.at}: ${demoted.why}.`] : []),
    ...(foundWrong > 0
      ? [
          `People found ${foundWrong} more answers of ${specialist} wrong; being no fair sample, they raise the share that is audited.`,
        ]
      : []),
  ])
  terminal.print(
    audited.length === 0
      ? 'No specialist serves, so nothing is audited.'
      : [formatTable([head, ...rows], { right: [1, 2, 6] }), ...sentences].join('\n'),
  )
  terminal.printJson({ specialists: audited.map((one) => JSON.parse(JSON.stringify(one))) })
}
