// What each table is made from and how: the figures that were found to serve best are in docs/log.md.
import { seededRandom } from '../../src/base/random.ts'
import { chineseFrameWords, englishFrameWords, makeRequests, readChineseWords } from './requests.ts'
import { readDialogues, readMail, readWordNet, sentencesOf } from './sources.ts'
import type { Pooling } from './teacher.ts'

/** Everything about one language that the build needs. */
export interface Recipe {
  readonly pooling: Pooling
  readonly source: string
  readonly licence: string
  readonly texts: string
  /** See `rankWeights`. */
  readonly smoothing: number
  /** See `FitProblem`. */
  readonly hold: number
  /** Paths by name that the command line must give. */
  readonly inputs: readonly string[]
  /** Whole words to add to the vocabulary, and the sentences to learn from. */
  read(paths: ReadonlyMap<string, string>, seed: number): Promise<Material>
}

/** What a recipe reads. */
export interface Material {
  readonly words: readonly string[]
  readonly sentences: readonly string[]
}

/** The recipes by language. */
export const recipes: { readonly [L in 'en' | 'zh']: Recipe } = {
  en: {
    pooling: 'mean',
    source: 'all-MiniLM-L6-v2',
    licence: 'Apache-2.0',
    texts: 'WordNet 3.1; SpamAssassin public mail corpus; chatterbot-corpus; frames of our own',
    smoothing: 1e-4,
    hold: 0.3,
    inputs: ['wordnet', 'mail', 'dialogues'],
    async read(paths, seed) {
      const wordNet = pathOf(paths, 'wordnet')
      const words = await englishFrameWords(wordNet)
      const parts = [
        sample(sentencesOf(await readWordNet(wordNet), 'en'), 80_000, seed),
        sample(sentencesOf(await readMail(pathOf(paths, 'mail')), 'en'), 30_000, seed),
        sentencesOf(await readDialogues(pathOf(paths, 'dialogues')), 'en'),
        makeRequests('en', { words, count: 40_000, random: seededRandom(seed) }),
      ]
      return { words: [], sentences: distinct(parts) }
    },
  },
  zh: {
    pooling: 'first',
    source: 'bge-small-zh-v1.5',
    licence: 'MIT',
    texts: "jieba's word list; chatterbot-corpus; frames of our own",
    smoothing: 1e-3,
    hold: 2,
    inputs: ['jieba', 'dialogues'],
    async read(paths, seed) {
      const words = await readChineseWords(pathOf(paths, 'jieba'))
      const parts = [
        words.slice(0, 60_000).map(({ word }) => word),
        sentencesOf(await readDialogues(pathOf(paths, 'dialogues')), 'zh'),
        makeRequests('zh', { words: chineseFrameWords(words), count: 60_000, random: seededRandom(seed) }),
      ]
      return { words: words.slice(0, 16_000).map(({ word }) => word), sentences: distinct(parts) }
    },
  },
}

function pathOf(paths: ReadonlyMap<string, string>, name: string): string {
  const path = paths.get(name)
  if (path === undefined) throw new Error(`give --source ${name}=PATH`)
  return path
}

function sample(texts: string[], count: number, seed: number): string[] {
  return seededRandom(seed).shuffle(texts).slice(0, count)
}

function distinct(parts: readonly (readonly string[])[]): string[] {
  return [...new Set(parts.flat())]
}
