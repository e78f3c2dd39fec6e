/** For tests of what works with several tiers: a tier of kind `micro` without weights, which knows the answers but for some. */
import { createHash } from 'node:crypto'
import type { Example } from '../data/example.ts'
import type { TaskInput } from '../task/types.ts'
import type { Artefact, RawPrediction, RawPredictor, Tier } from './tier.ts'

export interface SecondTierOptions {
  /** The label of a text. */
  readonly knows: (input: Extract<TaskInput, { kind: 'text' }>) => string
  /** Called with what the training was asked for. */
  readonly onTrain?: (options: Parameters<Tier['train']>[2]) => void
}

/** Share of the texts, by chance, that it is unsure of and wrong about. */
const wrongShare = 0.01
/** One row of so many is held aside. */
const heldAsideEvery = 4

/** The tier; it keeps an artefact of `like`, and no input is novel to it but by chance. Its predictions come later, as those of another thread do. */
export function secondTier(like: Tier, { knows, onTrain }: SecondTierOptions): Tier {
  const load = async (artefact: Parameters<Tier['load']>[0]): Promise<RawPredictor> => {
    const own = await like.load(artefact)
    return {
      predict: async (inputs, options) =>
        (await own.predict(inputs, options)).map((said, row) => known(inputs[row]!, said, knows)),
      sizeBytes: own.sizeBytes,
      dispose: () => own.dispose(),
    }
  }
  return {
    kind: 'micro',
    can: like.can,
    load,
    train: async (task, set, options) => {
      onTrain?.(options)
      const artefact: Artefact = { ...(await like.train(task, set, options)), tier: 'micro' }
      const aside = set.examples.filter((_, row) => row % heldAsideEvery === 0)
      const predictor = await load(artefact)
      const said = await predictor.predict(aside.map(({ input }) => input))
      await predictor.dispose()
      const heldAside = said.map(({ score, noveltyScore, output }, row) => ({
        example: aside[row]!.id,
        ...{ score, noveltyScore },
        correct: labelOf(output) === labelOf(aside[row]!.output),
      }))
      return { ...artefact, heldAside }
    },
  }
}

function labelOf(output: Example['output']): string | undefined {
  return output.kind === 'labels' ? output.labels.join('\n') : undefined
}

function known(input: TaskInput, said: RawPrediction, knows: SecondTierOptions['knows']): RawPrediction {
  if (input.kind !== 'text') return said
  const digest = createHash('sha256').update(input.text).digest()
  const chance = digest.readUInt32BE(0) / 2 ** 32
  const isWrong = chance > 1 - wrongShare
  const label = isWrong ? `not ${knows(input)}` : knows(input)
  const { distribution: _, ...rest } = said
  return {
    ...rest,
    output: { kind: 'labels', labels: [label] },
    score: Math.fround(0.995 - 0.5 * chance ** 8),
    noveltyScore: digest.readUInt32BE(4) / 2 ** 32,
  }
}
