/** The labelled sets that classification is measured on, read from `SHOAL_DATA` as their official files are. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import Papa from 'papaparse'
import { seededRandom } from '../../src/base/random.ts'

export type Row = readonly [text: string, label: string]

export interface LabelledRows {
  readonly train: readonly Row[]
  readonly test: readonly Row[]
  /** SHA-256 of each file, by its path in the data folder. */
  readonly digests: { readonly [file: string]: string }
}

/** One of the sets, and which of its files and rows count. */
interface Source {
  readonly files: readonly string[]
  read(texts: readonly string[]): { readonly train: readonly Row[]; readonly test: readonly Row[] }
}

const agNewsClasses = ['World', 'Sports', 'Business', 'Sci/Tech'] as const

const sources = {
  banking77: {
    files: ['banking77/train.csv', 'banking77/test.csv'],
    read: ([train, test]) => ({
      train: pairs(csvRows(train!).slice(1)),
      test: pairs(csvRows(test!).slice(1)),
    }),
  },
  clinc150: {
    files: ['clinc150/data_full.json'],
    read([text]) {
      const { train, test }: { train: Row[]; test: Row[] } = JSON.parse(text!)
      return { train, test }
    },
  },
  sst2: {
    files: ['sst2_glue/train.tsv', 'sst2_glue/test-labeled.tsv'],
    read: ([train, test]) => ({
      train: lines(train!)
        .slice(1)
        .map((line) => cutLast(line, '\t')),
      test: lines(test!)
        .slice(1)
        .map((line) => cutLast(line, '\t')),
    }),
  },
  ag_news: {
    files: ['ag_news/train_subset_10k.tsv', 'ag_news/test.csv'],
    // Descriptions without titles; wire duplicates of test rows are not trained on.
    read([train, test]) {
      const testRows = csvRows(test!).map(([number, , description]): Row => {
        return [description ?? '', agNewsClasses[Number(number) - 1] ?? '']
      })
      const tested = new Set(testRows.map(([text]) => text))
      const trainRows = lines(train!).map((line) => cutLast(line, '\t'))
      return { train: trainRows.filter(([text]) => !tested.has(text)), test: testRows }
    },
  },
  dair_emotion: {
    files: ['dair_emotion/train.txt', 'dair_emotion/test.txt'],
    read: (texts) => {
      const [train, test] = texts.map((text) => lines(text).map((line) => cutLast(line, ';')))
      const named = (rows: readonly Row[] = []): readonly Row[] =>
        rows.filter(([, label]) => label !== 'label_name')
      return { train: named(train), test: named(test) }
    },
  },
  chnsenticorp: {
    files: ['chnsenticorp/train.tsv', 'chnsenticorp/test.tsv'],
    // 331 test texts stand in the train file too: they are taken out of the test rows.
    read(texts) {
      const [train = [], test = []] = texts.map((text) =>
        lines(text)
          .slice(1)
          .map((line): Row => [line.slice(line.indexOf('\t') + 1), line.slice(0, line.indexOf('\t'))]),
      )
      const trained = new Set(train.map(([text]) => text))
      return { train: [...new Map(train).entries()], test: test.filter(([text]) => !trained.has(text)) }
    },
  },
} as const satisfies Record<string, Source>

export type SetName = keyof typeof sources

export const setNames = Object.keys(sources) as readonly SetName[]

/** The folder of the data sets. */
export function dataFolder(): string {
  return resolve(process.env['SHOAL_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url)))
}

/** Reads a set; says which file is missing where one is. */
export function readSet(name: SetName): LabelledRows {
  const { files, read }: Source = sources[name]
  const texts = files.map((file) => {
    const path = resolve(dataFolder(), file)
    if (existsSync(path)) return readFileSync(path, 'utf8')
    throw new Error(`The data file ${path} is missing. Set SHOAL_DATA to the folder that holds ${file}.`)
  })
  const digests = texts.map(
    (text, i) => [files[i]!, createHash('sha256').update(text).digest('hex')] as const,
  )
  return { ...read(texts), digests: Object.fromEntries(digests) }
}

/** The first `perClass` rows of each label in an order that the seed gives. */
export function fewRows(rows: readonly Row[], perClass: number, seed: number): readonly Row[] {
  const order = seededRandom(seed)
    .fork('few rows')
    .shuffle([...rows])
  const taken = new Map<string, number>()
  return order.filter(([, label]) => {
    const count = taken.get(label) ?? 0
    taken.set(label, count + 1)
    return count < perClass
  })
}

/** The rows to choose by while anything is still being chosen: a tenth of the training rows, at most 2,000, held. */
export function devRows(rows: readonly Row[]): {
  readonly train: readonly Row[]
  readonly held: readonly Row[]
} {
  const order = seededRandom(0)
    .fork('dev rows')
    .shuffle([...rows])
  const count = Math.min(2000, Math.ceil(rows.length / 10))
  return { train: order.slice(count), held: order.slice(0, count) }
}

function lines(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line !== '')
}

function cutLast(line: string, separator: string): Row {
  const at = line.lastIndexOf(separator)
  return [line.slice(0, at), line.slice(at + 1)]
}

const pairs = (records: readonly (readonly string[])[]): readonly Row[] =>
  records.map(([text, label]) => [text ?? '', label ?? ''])

/** Records of a comma-separated file with quotes, RFC 4180. */
function csvRows(text: string): readonly (readonly string[])[] {
  return Papa.parse<string[]>(text, { delimiter: ',', skipEmptyLines: true }).data
}
