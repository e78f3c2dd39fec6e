/** A specialist's card: put together when it has been trained and certified, read again when it is loaded. */
import { appError } from '../base/errors.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { Example, Splits } from '../data/example.ts'
import type { Evaluation } from '../eval/evaluate.ts'
import type { FindingsSummary } from '../eval/findings-summary.ts'
import type { Comparison } from '../eval/report.ts'
import type { Task } from '../task/types.ts'
import type { Artefact } from '../tier/tier.ts'
import { type Card, cardSchema } from './card-schema.ts'
import type { Certified } from './certify.ts'
import type { Typical } from './drift.ts'
import type { Verdict } from './verdict.ts'

export type { Card } from './card-schema.ts'

export interface CardInput {
  readonly specialist: SpecialistId
  readonly task: Task
  readonly artefact: Pick<Artefact, 'tier' | 'files' | 'meta' | 'adapter'>
  readonly splits: Splits
  readonly findings?: FindingsSummary
  readonly evaluation: Evaluation
  readonly comparison?: Comparison
  readonly certified: Certified
  readonly typical?: Typical
  /** Of a cascade: each of its specialists by itself. */
  readonly stages?: NonNullable<Card['stages']>
  readonly verdict: Verdict
  readonly provenance: Card['provenance']
  /** Sentences about what was found or left out on the way, for the list of limits. */
  readonly notes?: readonly string[]
}

/** Puts a card together. */
export function makeCard(input: CardInput): Card {
  const { task, splits, certified } = input
  const part = (set: Splits['train']): Card['data']['train'] => ({
    rows: set.examples.length,
    digest: set.digest,
  })
  return {
    format: 1,
    specialist: input.specialist,
    task: {
      id: task.id,
      kind: task.kind,
      ...('labels' in task.space ? { labels: task.space.labels } : {}),
    },
    tier: input.artefact.tier,
    ...(input.artefact.adapter && { adapter: { ...input.artefact.adapter } }),
    data: {
      train: part(splits.train),
      calibration: part(splits.calibration),
      test: part(splits.test),
      ...(input.findings && { findings: input.findings }),
      sources: countSources([splits.train, splits.calibration, splits.test].flatMap((set) => set.examples)),
    },
    evaluation: input.evaluation,
    ...(input.comparison === undefined ? {} : { comparison: input.comparison }),
    certificate: certified.certificate,
    verdict: input.verdict,
    calibration: certified.calibration,
    ...(input.typical === undefined ? {} : { typical: input.typical }),
    ...(input.stages === undefined ? {} : { stages: input.stages }),
    limits: [...limitsOf(input), ...(input.notes ?? [])],
    provenance: input.provenance,
    sizeBytes: [...input.artefact.files.values()].reduce((sum, file) => sum + file.byteLength, 0),
  }
}

/** A card as plain JSON, for the manifest. */
export function cardJson(card: Card): Json {
  return JSON.parse(JSON.stringify(card))
}

/** Reads a card; one that does not have the shape of this version is an error that says where. */
export function parseCard(value: unknown, specialist: string): Card {
  const parsed = cardSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw appError('card.invalid', {
    specialist,
    problem: `${issue.path.join('.') || 'the card'}: ${issue.message}`,
  })
}

function countSources(examples: readonly Example[]): Card['data']['sources'] {
  const counts: Record<string, number> = {}
  for (const { source } of examples) counts[source] = (counts[source] ?? 0) + 1
  return counts
}

/** What the specialist does not promise, in sentences. */
function limitsOf({ task, certified, evaluation }: CardInput): readonly string[] {
  const { certificate } = certified
  const closedSet = task.space.kind === 'labels'
  return [
    ...(closedSet
      ? [
          'It answers with one of its labels, whatever it is asked: an input of another sort is only caught where it looks unlike the training inputs or its confidence is low.',
        ]
      : []),
    'The promise is about calls like those it was calibrated on, drawn in the same way; when the calls change, it may no longer hold.',
    ...(certificate.wrongMeans === 'disagreement'
      ? [
          'Right means: the same as the upstream. Where the upstream errs, the specialist learned to err with it.',
        ]
      : []),
    ...(task.space.kind === 'answer'
      ? [
          'It answers only with a piece of the given text, quoted as it stands there, or that the answer is not there. A quote may still answer another question than the one that was asked.',
        ]
      : []),
    ...rareLabels(evaluation),
  ]
}

const fewTestRows = 10

function rareLabels(evaluation: Evaluation): readonly string[] {
  const rare = evaluation.classification?.perLabel.filter((label) => label.support < fewTestRows) ?? []
  if (rare.length === 0) return []
  const named = rare
    .slice(0, 5)
    .map((label) => `"${label.label}"`)
    .join(', ')
  const others = rare.length > 5 ? ` and ${rare.length - 5} others` : ''
  return [`Fewer than ${fewTestRows} test rows have the label ${named}${others}: their scores say little.`]
}
