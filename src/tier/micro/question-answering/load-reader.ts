// Loads a reader's artefact: its own tensors over those of its base.
import type { TaskInput } from '../../../task/types.ts'
import type { Artefact, RawPredictor } from '../../tier.ts'
import { openOwnTensors } from '../kept-tensors.ts'
import type { MicroServing } from '../serving/serving.ts'
import { answersOf, type PairAnswer, readPairs } from './answer-pairs.ts'
import { answerPrediction } from './answer-prediction.ts'
import { parseReaderDescription, type ReaderDescription, rarityTensor } from './artefact.ts'
import { readPair } from './question-rows.ts'
import { createQuestionReader } from './read-context.ts'
import { openReader } from './reader-session.ts'

/** A reader loaded with all that it reads with. */
export interface LoadedReader {
  readonly description: ReaderDescription
  readonly sizeBytes: number
  /** What it finds in the context of each input, whether or not it is sure enough to answer. */
  find(
    inputs: readonly TaskInput[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly PairAnswer[]>
  release(): Promise<void>
}

/** Loads; throws `artefact.other-version` and what opening the base throws. */
export async function loadReader(
  { files, meta }: Pick<Artefact, 'files' | 'meta'>,
  serving: MicroServing,
): Promise<LoadedReader> {
  const description = parseReaderDescription(meta)
  const own = await openOwnTensors(files, description.precision)
  try {
    const { windows: limits, answerTokens, sentenceWeight, ranker, precision } = description
    const knowledge = { rarity: (await own.read(rarityTensor)).data, ranker }
    const served = await openReader(serving, { base: description.base, own, precision })
    const { session, base } = served
    const { config, tokenizer } = base
    const reading = { tokenizer, reader: createQuestionReader(tokenizer), limits, knowledge }
    return {
      description,
      get sizeBytes() {
        return session.sizeBytes
      },
      find: async (inputs, options = {}) => {
        const pairs = inputs.map((input) => readPair(pairOf(input), reading))
        const read = await readPairs(session, pairs, { config, ...options })
        return answersOf(read, { answerTokens, sentenceWeight }).answers
      },
      release: () => session.release(),
    }
  } finally {
    await own.close()
  }
}

/** A question and its context; what is no question is a context that nothing is asked about. */
function pairOf(input: TaskInput): { readonly question: string; readonly context: string } {
  switch (input.kind) {
    case 'question':
      return input
    case 'text':
      return { question: '', context: input.text }
    case 'chat':
      return { question: '', context: input.messages.map(({ content }) => content).join('\n') }
  }
}

/** The same as a predictor. */
export async function loadQuestionAnswering(
  artefact: Pick<Artefact, 'files' | 'meta'>,
  serving: MicroServing,
): Promise<RawPredictor> {
  const reader = await loadReader(artefact, serving)
  return {
    get sizeBytes() {
      return reader.sizeBytes
    },
    predict: async (inputs, options = {}) => {
      if (inputs.length === 0) return []
      const found = await reader.find(inputs, options)
      return found.map((answer) => answerPrediction(answer, reader.description))
    },
    dispose: () => reader.release(),
  }
}
