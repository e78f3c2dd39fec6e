/** The card as it is kept: a versioned JSON document, checked when it is read. Types follow from the schemas. */
import { z } from 'zod'
import { isSha256, type Sha256 } from '../base/hash.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { FindingsSummary } from '../eval/findings-summary.ts'
import { calibrationSchema } from './calibration.ts'
import type { Certificate, CertifiedStage } from './certificate.ts'
import { typicalSchema } from './drift.ts'
import type { Verdict } from './verdict.ts'

const count = z.number().int().nonnegative()
const share = z.number().min(0).max(1)
const digest = z.custom<Sha256>(
  (value) => typeof value === 'string' && isSha256(value),
  'not a SHA-256 digest',
)
const specialist = z.custom<SpecialistId>(
  (value) => typeof value === 'string' && /^.+@[1-9][0-9]*$/.test(value),
  'not TASK@VERSION',
)
const json = z.custom<Json>((value) => value !== undefined)
const meaning = z.enum(['error', 'disagreement'])
const estimate = z.object({ value: z.number(), low: z.number(), high: z.number() }).readonly()
const observed = z
  .object({
    rows: count,
    n: count,
    errors: count,
    coverage: share,
    meanLoss: share.exactOptional(),
    bound: share,
  })
  .readonly()

const stageCounts = z.object({ n: count, errors: count }).readonly()

const stage = z
  .object({
    specialist,
    threshold: share.exactOptional(),
    noveltyLimit: share,
    calibration: stageCounts,
    test: stageCounts,
  })
  .readonly() satisfies z.ZodType<CertifiedStage>

const certificate = z
  .object({
    promise: z.literal('parts').exactOptional(),
    risk: share,
    delta: share,
    threshold: share.exactOptional(),
    noveltyLimit: share,
    stages: z.array(stage).readonly().exactOptional(),
    wrongMeans: meaning,
    calibration: observed,
    test: observed,
    refusal: z.string().exactOptional(),
    moreExamples: count.exactOptional(),
    holdsFor: z
      .object({
        specialists: z.array(z.object({ id: specialist, digest }).readonly()).readonly(),
        template: digest.exactOptional(),
        maskingVersion: count,
        upstream: z.string().exactOptional(),
      })
      .readonly(),
    data: z.object({ train: digest, calibration: digest, test: digest }).readonly(),
    date: z.string(),
  })
  .readonly() satisfies z.ZodType<Certificate>

const labelMetrics = z.object({
  label: z.string(),
  support: count,
  precision: estimate,
  recall: estimate,
  f1: estimate,
})

const spanMetrics = { precision: estimate, recall: estimate, f1: estimate }

const evaluation = z.object({
  rows: count,
  wrongMeans: meaning,
  right: estimate,
  classification: z
    .object({
      rows: count,
      accuracy: estimate,
      macroF1: estimate,
      perLabel: z.array(labelMetrics).readonly(),
      confusions: z
        .array(z.object({ expected: z.string(), predicted: z.string(), share: estimate, count }))
        .readonly(),
    })
    .exactOptional(),
  extraction: z
    .object({
      rows: count,
      rowsWithoutSpans: count,
      ...spanMetrics,
      perLabel: z.array(z.object({ label: z.string(), support: count, ...spanMetrics })).readonly(),
    })
    .exactOptional(),
  questionAnswering: z
    .object({
      rows: count,
      rowsWithoutQuote: count,
      exactMatch: estimate,
      f1: estimate,
      there: z.object({ rows: count, exactMatch: estimate, f1: estimate }).exactOptional(),
      notThere: z
        .object({ rows: count, accuracy: estimate, auroc: estimate.exactOptional() })
        .exactOptional(),
    })
    .exactOptional(),
  confidence: z.object({
    ece: z.number(),
    brier: z.number(),
    auroc: z.number().exactOptional(),
    aurc: z.number(),
    // Cards of Shoal 0.1 have neither.
    reliability: z
      .array(z.object({ rows: count, confidence: share, right: estimate }))
      .readonly()
      .default([]),
    riskCoverage: z
      .array(z.object({ coverage: share, risk: share, threshold: z.number() }))
      .readonly()
      .default([]),
  }),
  underCertificate: z
    .object({
      n: count,
      errors: count,
      coverage: estimate,
      realisedError: estimate.exactOptional(),
      realisedLoss: estimate.exactOptional(),
    })
    .exactOptional(),
})

const comparison = z.object({
  rows: count,
  accuracy: estimate,
  f1: estimate.exactOptional(),
  contenders: z
    .array(
      z.object({
        name: z.enum(['majority', 'tfidf-lr', 'dictionary', 'not-there', 'lexical-sentence', 'upstream']),
        accuracy: estimate,
        f1: estimate.exactOptional(),
        specialistLead: z.object({
          value: z.number(),
          low: z.number(),
          high: z.number(),
          pValue: z.number(),
        }),
      }),
    )
    .readonly(),
})

const finding = z.object({
  rows: count,
  effect: z.object({ named: estimate, others: estimate }).exactOptional(),
})

const findings = z.object({
  rows: count,
  labels: z.array(z.object({ label: z.string(), rows: count })).readonly(),
  score: estimate.exactOptional(),
  duplicates: finding,
  contradictions: finding,
  nearDuplicates: finding,
  smallClasses: finding.extend({ labels: z.array(z.string()).readonly() }),
  tooLong: finding,
  leaks: finding.exactOptional(),
  labelErrors: z
    .object({ suspects: count, errorShare: share, withSuspects: estimate, withoutSuspects: estimate })
    .exactOptional(),
}) satisfies z.ZodType<FindingsSummary>

const verdict = z.object({
  advice: z.enum(['train', 'do-not-train']),
  reasons: z
    .array(
      z.object({
        kind: z.enum([
          'nothing-certified',
          'no-better-than-majority',
          'worse-than-baseline',
          'cheaper-upstream',
          'contradictory-answers',
          'like-baseline',
        ]),
        stops: z.boolean(),
        sentence: z.string(),
        numbers: z.record(z.string(), z.number()),
      }),
    )
    .readonly(),
}) satisfies z.ZodType<Verdict>

const part = z.object({ rows: count, digest })

export const cardSchema = z.object({
  format: z.literal(1),
  specialist,
  task: z.object({
    id: z.string(),
    kind: z.string(),
    /** The closed set of outputs, where there is one. */
    labels: z.array(z.string()).readonly().exactOptional(),
  }),
  tier: z.string(),
  /** Where it is an adapter on a base that others share. */
  adapter: z.object({ rank: count, sizeBytes: count }).readonly().exactOptional(),
  data: z.object({
    train: part,
    calibration: part,
    test: part,
    /** Rows by where their output came from. */
    sources: z.record(z.string(), count),
    /** What was found in the training rows before training; absent on cards of Shoal 0.1. */
    findings: findings.exactOptional(),
  }),
  /** On the test rows. */
  evaluation,
  comparison: comparison.exactOptional(),
  certificate,
  /** Whether it is worth having; absent on cards of Shoal 0.1. */
  verdict: verdict.exactOptional(),
  calibration: calibrationSchema,
  /** What the specialist says of typical inputs, for the watch on drift; absent on cards of before that. */
  typical: typicalSchema.exactOptional(),
  /** Of a cascade: its specialists in the order in which they are asked, each by itself on all test rows. */
  stages: z
    .array(
      z.object({
        specialist,
        tier: z.string(),
        right: estimate,
        sizeBytes: count,
        textsPerSecond: z.number(),
        trainMs: z.number(),
      }),
    )
    .readonly()
    .exactOptional(),
  limits: z.array(z.string()).readonly(),
  provenance: z.object({
    /** Version of Shoal that trained it. */
    shoal: z.string(),
    node: z.string(),
    seed: z.number().int(),
    /** Options of the training and what the tier says of itself. */
    options: z.record(z.string(), json),
    createdAt: z.string(),
    trainMs: z.number(),
  }),
  sizeBytes: count,
})

/** A specialist's report: data, scores with intervals beside the baselines, certificate, limits, provenance. */
export type Card = z.infer<typeof cardSchema>
