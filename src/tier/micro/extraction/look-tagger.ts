// What a tagger says that was just trained, in the forms in which it could be served: rows held aside say which, and novelty
// is fitted on the numbers that callers will get.

import type { TagScheme } from '../../../model/crf/tag-scheme.ts'
import type { WeightPrecision } from '../../../onnx/fused-rules.ts'
import type { NoveltyTensors } from '../novelty.ts'
import { findNovelty } from '../novelty-thread.ts'
import { sampled } from '../sampled.ts'
import { brierOf, isKept, type PrecisionKind } from '../serving/choose-precision.ts'
import { eightBitsOf, type LayerFormOptions } from '../serving/layer-forms.ts'
import { type AnswerForm, type CheckFindings, judgeRows } from './judge-rows.ts'
import type { TaggedRow } from './tagged-rows.ts'
import { openTrainedTagger, type ScoredTexts, scoreWindows } from './tagger-session.ts'
import { type TextWindow, windowsOf } from './text-windows.ts'
import { shapesInput, type TaggerForm, taggerGraph } from './token-tagger.ts'

/** Rows of the training part that the distance of novelty is fitted on, at most. */
const mostNoveltyRows = 1000

/** Windows that say how the inputs of layers are rounded, at most. */
const mostRangeWindows = 256

/** A tagger that was just trained, and the rows that it is asked about. */
export interface LookedAt {
  readonly about: Omit<LayerFormOptions, 'adapter'>
  readonly form: TaggerForm
  readonly scheme: TagScheme
  readonly maxTokens: number
  /** Rows that it has not seen. */
  readonly asked: readonly TaggedRow[]
  /** Rows that it has learned from. */
  readonly known: readonly TaggedRow[]
}

/** What it says. */
export interface TaggerLook {
  readonly precision: WeightPrecision
  readonly novelty: NoveltyTensors
  /** Of the rows asked about, and their windows. */
  readonly scored: ScoredTexts
  readonly windows: readonly TextWindow[]
  readonly found: CheckFindings
}

/** What it says in the form that loses next to nothing by the rows asked about, or in one that was chosen before. */
export async function lookAtTagger(at: LookedAt, form?: PrecisionKind): Promise<TaggerLook> {
  if (form === 'int8') return lookAs(await eightBitsFor(at), at)
  const float32 = await lookAs('float32', at)
  if (form === 'float32' || at.asked.length === 0) return float32
  // Answers are read off both in the same way, so that what differs is what the rounding did.
  const int8 = await lookAs(await eightBitsFor(at), at, float32.found.form)
  return isKept(qualityOf(float32), qualityOf(int8)) ? int8 : float32
}

function qualityOf({ found: { f1, judged } }: TaggerLook) {
  return { share: f1, brier: brierOf(judged) }
}

async function eightBitsFor(at: LookedAt): Promise<WeightPrecision> {
  const { about, form } = at
  const windows = sampled(windowsIn(at, sampled(at.known, mostNoveltyRows)), mostRangeWindows)
  const { hidden } = taggerGraph(about.base.config, form, { joined: true })
  const fed = {
    texts: windows.map(({ ids }) => ids),
    ...(form.shapes && { also: { [shapesInput]: windows.map(({ shapes }) => shapes) } }),
  }
  return eightBitsOf(hidden, fed, about)
}

async function lookAs(precision: WeightPrecision, at: LookedAt, answers?: AnswerForm): Promise<TaggerLook> {
  const { about, form, asked, scheme } = at
  const { signal } = about
  const session = await openTrainedTagger(form, precision, about)
  try {
    const together = [...asked, ...sampled(at.known, mostNoveltyRows)]
    const windows = windowsIn(at, together)
    const texts = together.map(({ text }) => text)
    const { emissions, features } = await scoreWindows(session, texts, windows, {
      ...{ form, ...(signal && { signal }) },
    })
    const vectors = {
      ...{ features: features!, width: about.base.config.hidden },
      classes: new Int32Array(windows.length),
    }
    const places = Int32Array.from(windows.keys())
    const own = windows.filter(({ text }) => text < asked.length)
    const job = { vectors, known: places.subarray(own.length), asked: places.subarray(0, own.length) }
    const { novelty, distances } = await findNovelty(job, signal && { signal })
    const found = judgeRows(
      asked.map((row, i) => ({ row, emissions: emissions[i]! })),
      scheme,
      answers,
    )
    const scored = { emissions: emissions.slice(0, asked.length), distances: Float32Array.from(distances) }
    return { precision, novelty, scored, windows: own, found }
  } finally {
    await session.release()
  }
}

function windowsIn({ about, maxTokens }: LookedAt, rows: readonly TaggedRow[]): readonly TextWindow[] {
  const texts = rows.map(({ text }) => text)
  return windowsOf(texts, about.base.tokenizer.template.single, maxTokens)
}
