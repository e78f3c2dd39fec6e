// Trains a nano model: rows held aside say when each head stops and how much it counts, then both heads are
// trained afresh on every row for just as long. Synchronous; a worker runs it.
import { type Random, seededRandom } from '../../base/random.ts'
import { joinFloats } from '../../base/typed-arrays.ts'
import { createDenseMemory } from '../../model/linear/dense-memory.ts'
import { fitMixture, type MixtureRows, type MixtureWeights, mixLogits } from '../../model/linear/mixture.ts'
import type { PerceptronWeights } from '../../model/linear/perceptron.ts'
import { largestIndex, meanLoss, softmaxInPlace } from '../../model/linear/softmax.ts'
import type { SparseHead } from '../../model/linear/sparse-scorer.ts'
import type { Stepping } from '../../model/linear/sparse-softmax.ts'
import type { HeldAside } from '../tier.ts'
import { type Fold, innerFolds } from './folds.ts'
import { type Corpus, createDenseHead, createSparseHead, type HeadTrainer, pick } from './heads.ts'
import { type EmbeddedText, fitNovelty, type NoveltyWeights, placeNovelty } from './novelty.ts'
import { type NoveltySigns, noveltyScoreOf, type UsualSigns, usualSigns } from './novelty-score.ts'
import { type Pace, partOfPace } from './pace.ts'

/** A trained nano model. */
export interface NanoModel {
  readonly sparse: SparseHead
  readonly dense: PerceptronWeights
  readonly mixture: MixtureWeights
  readonly novelty: NoveltyWeights
  readonly usual: UsualSigns
}

/** What training found out about itself on the rows held aside. */
export interface NanoFindings {
  readonly stepping: Stepping
  readonly sparseEpochs: number
  readonly denseEpochs: number
  /** Rows held aside, and the share of them answered rightly. */
  readonly checkRows: number
  readonly checkAccuracy: number
  /** How each row held aside was answered by heads that had not seen it. */
  readonly heldAside: readonly NumberedHeldAside[]
}

/** A row held aside, with its number in the corpus and the probability of each class. */
export type NumberedHeldAside = HeldAside & {
  readonly row: number
  readonly probabilities: Float32Array
}

export interface NanoTrainOptions {
  readonly seed: number
  readonly pace: Pace
}

const mostEpochs = { sparse: 8, dense: 12 } as const
const fewClasses = 20
const patience = 2 // epochs without gain after which a head stops

/** Trains both heads and their mixture. */
export function trainNano(
  corpus: Corpus,
  { seed, pace }: NanoTrainOptions,
): { model: NanoModel; findings: NanoFindings } {
  const random = seededRandom(seed)
  const folds = innerFolds(corpus, random.fork('folds'))
  const checked = checkHeads(corpus, folds, random, partOfPace(pace, 0, 2))
  const rows = Int32Array.from(corpus.classes.keys())
  const total = checked.sparseEpochs + checked.denseEpochs
  const second = partOfPace(pace, 1, 2)
  let done = 0
  const refit = <Head>(trainer: HeadTrainer<Head>, epochs: number, stream: Random): Head => {
    for (let i = 0; i < epochs; i++) trainer.epoch(stream, partOfPace(second, done++, total).tick)
    return trainer.head()
  }
  const sparse = refit(
    createSparseHead(corpus, rows, checked.stepping),
    checked.sparseEpochs,
    random.fork('sparse'),
  )
  const denseRandom = random.fork('dense')
  const dense = refit(createDenseHead(corpus, rows, denseRandom), checked.denseEpochs, denseRandom)
  const novelty = fitNovelty(corpus, rows, random.fork('novelty'))
  const judged = judgeChecked(corpus, checked)
  const usual = usualSigns(judged.map(({ signs }) => signs))
  const heldAside = judged.map(({ score, correct, signs, probabilities }, at) => ({
    row: checked.rows[at]!,
    probabilities,
    score,
    correct,
    noveltyScore: noveltyScoreOf(signs, usual),
  }))
  return {
    model: { sparse, dense, mixture: checked.mixture, novelty, usual },
    findings: findingsOf(checked, heldAside),
  }
}

interface Checked {
  readonly stepping: Stepping
  readonly sparseEpochs: number
  readonly denseEpochs: number
  readonly mixture: MixtureWeights
  readonly rows: Int32Array
  readonly logits: MixtureRows
  /** What each fold's rows to learn from say about novelty, with its rows to check on. */
  readonly novelty: readonly { readonly weights: NoveltyWeights; readonly check: Int32Array }[]
}

function checkHeads(corpus: Corpus, folds: readonly Fold[], random: Random, pace: Pace): Checked {
  // Plain steps win where classes are few and each has its own words, as emotions do (a point), never where they are many.
  const steppings: readonly Stepping[] =
    corpus.classCount <= fewClasses ? ['adaptive', 'plain'] : ['adaptive']
  const curves = folds.map((fold, index) =>
    checkFold(corpus, fold, steppings, random.fork(`fold-${index}`), partOfPace(pace, index, folds.length)),
  )
  const sparse = steppings.map((stepping, index) => ({
    stepping,
    ...bestOf(curves.map((curve) => curve.sparse[index]!)),
  }))
  const { stepping, epochs, logits } = sparse.reduce((best, other) => (other.loss < best.loss ? other : best))
  const dense = bestOf(curves.map((curve) => curve.dense))
  const rows = Int32Array.from(folds.flatMap(({ check }) => [...check]))
  const mixtureRows = {
    sparse: logits,
    dense: dense.logits,
    classes: pick(corpus.classes, rows),
    classCount: corpus.classCount,
  }
  return {
    ...{ stepping, rows, logits: mixtureRows },
    sparseEpochs: epochs,
    denseEpochs: dense.epochs,
    mixture: fitMixture(mixtureRows),
    novelty: folds.map(({ check }, index) => ({ weights: curves[index]!.novelty, check })),
  }
}

interface CheckedFold {
  /** One curve a way of stepping. */
  readonly sparse: readonly LearningCurve[]
  readonly dense: LearningCurve
  readonly novelty: NoveltyWeights
}

function checkFold(
  corpus: Corpus,
  { learn, check }: Fold,
  steppings: readonly Stepping[],
  random: Random,
  pace: Pace,
): CheckedFold {
  const right = pick(corpus.classes, check)
  const part = (index: number): Pace => partOfPace(pace, index, steppings.length + 1)
  const heads = steppings.map((stepping) => createSparseHead(corpus, learn, stepping))
  const dense = createDenseHead(corpus, learn, random)
  const curve = <Head>(head: HeadTrainer<Head>, most: number, index: number): LearningCurve =>
    learningCurve(head, { check, right, most }, random, part(index))
  return {
    novelty: fitNovelty(corpus, learn, random.fork('novelty')),
    sparse: heads.map((head, index) => curve(head, mostEpochs.sparse, index)),
    dense: curve(dense, mostEpochs.dense, steppings.length),
  }
}

/** Logits and loss of the rows held aside after each epoch. */
interface LearningCurve {
  readonly logits: readonly Float32Array[]
  readonly losses: readonly number[]
}

function learningCurve<Head>(
  trainer: HeadTrainer<Head>,
  { check, right, most }: { readonly check: Int32Array; readonly right: Int32Array; readonly most: number },
  random: Random,
  pace: Pace,
): LearningCurve {
  const logits: Float32Array[] = []
  const losses: number[] = []
  let best = 0
  while (losses.length < most && losses.length - best <= patience) {
    trainer.epoch(random, partOfPace(pace, losses.length, most).tick)
    logits.push(trainer.logits(check))
    losses.push(meanLoss(logits.at(-1)!, right))
    if (losses.at(-1)! < losses[best]!) best = losses.length - 1
    if (pace.isLate(1)) break
  }
  return { logits, losses }
}

/** The number of epochs with the least mean loss, among those that every fold went through, and the logits then. */
function bestOf(curves: readonly LearningCurve[]): { epochs: number; loss: number; logits: Float32Array } {
  const shared = Math.min(...curves.map(({ losses }) => losses.length))
  const means = Float32Array.from({ length: shared }, (_, epoch) =>
    curves.reduce((sum, { losses }) => sum - losses[epoch]! / curves.length, 0),
  )
  const best = largestIndex(means)
  return {
    epochs: best + 1,
    loss: -means[best]!,
    logits: joinFloats(curves.map(({ logits }) => logits[best]!)),
  }
}

/** A row held aside, judged by heads that had not seen it. */
interface Judged {
  readonly score: number
  readonly correct: boolean
  readonly signs: NoveltySigns
  /** Of all classes, in their order. */
  readonly probabilities: Float32Array
}

function judgeChecked(corpus: Corpus, { logits, mixture, novelty }: Checked): readonly Judged[] {
  const { classCount, classes, sparse, dense } = logits
  const mixed = new Float32Array(classCount)
  let at = 0
  return novelty.flatMap(({ weights, check }) => {
    const asked = placeNovelty(createDenseMemory(), weights)
    return Array.from(check, (row): Judged => {
      const range = [at * classCount, (at + 1) * classCount] as const
      mixLogits(mixed, sparse.subarray(...range), dense.subarray(...range), mixture)
      const answer = largestIndex(mixed)
      const signs = { logit: -mixed[answer]!, ...asked.of(embeddedRow(corpus, row), answer) }
      softmaxInPlace(mixed)
      const probabilities = mixed.slice()
      return { score: mixed[answer]!, correct: answer === classes[at++], signs, probabilities }
    })
  })
}

function embeddedRow({ embeddings, dimensions, pieces }: Corpus, row: number): EmbeddedText {
  return {
    embedding: embeddings.subarray(row * dimensions, (row + 1) * dimensions),
    pieces: pieces.ids.subarray(pieces.starts[row]!, pieces.starts[row + 1]!),
  }
}

function findingsOf(checked: Checked, heldAside: readonly NumberedHeldAside[]): NanoFindings {
  const right = heldAside.filter(({ correct }) => correct).length
  return {
    stepping: checked.stepping,
    sparseEpochs: checked.sparseEpochs,
    denseEpochs: checked.denseEpochs,
    checkRows: heldAside.length,
    checkAccuracy: right / Math.max(1, heldAside.length),
    heldAside,
  }
}
