/** The four labelled sets that certificates are measured on, read from `SHOAL_DATA` as their official files are. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Papa from 'papaparse'
import { sha256 } from '../src/base/hash.ts'
import type { Example } from '../src/data/example.ts'
import { exampleId } from '../src/data/example-set.ts'

export type SetName = 'banking77' | 'clinc150' | 'ag_news' | 'dair_emotion'

export interface LabelledSet {
  readonly train: readonly Example[]
  readonly test: readonly Example[]
  /** SHA-256 of each file, by its path in the data folder. */
  readonly digests: { readonly [file: string]: string }
}

type Row = readonly [text: string, label: string]

interface SetFiles {
  readonly train: string
  readonly test: string
  rowsOf(text: string, part: 'train' | 'test'): readonly Row[]
}

const agNewsClasses = ['World', 'Sports', 'Business', 'Sci/Tech']

const files: { readonly [Name in SetName]: SetFiles } = {
  banking77: {
    train: 'banking77/train.csv',
    test: 'banking77/test.csv',
    rowsOf: (text) =>
      records(text, ',')
        .slice(1)
        .map(([question, label]) => [question ?? '', label ?? '']),
  },
  clinc150: {
    train: 'clinc150/data_full.json',
    test: 'clinc150/data_full.json',
    rowsOf(text, part) {
      const splits: Record<string, Row[]> = JSON.parse(text)
      return splits[part] ?? []
    },
  },
  ag_news: {
    train: 'ag_news/train_subset_10k.tsv',
    test: 'ag_news/test.csv',
    rowsOf: (text, part) =>
      part === 'train'
        ? lines(text).map((line) => cut(line, '\t'))
        : records(text, ',').map(([number, , description]) => [
            description ?? '',
            agNewsClasses[Number(number) - 1] ?? '',
          ]),
  },
  dair_emotion: {
    train: 'dair_emotion/train.txt',
    test: 'dair_emotion/test.txt',
    rowsOf: (text) =>
      lines(text)
        .slice(1)
        .map((line) => cut(line, ';')),
  },
}

/** Reads a set; rows of the training file that stand in the test file too are left out. */
export async function loadSet(name: SetName): Promise<LabelledSet> {
  const folder = process.env['SHOAL_DATA']
  if (folder === undefined) throw new Error('Set SHOAL_DATA to the folder of the data sets.')
  const set = files[name]
  const [train, test] = await Promise.all([set.train, set.test].map((file) => readFile(join(folder, file))))
  const examplesOf = (data: Buffer, part: 'train' | 'test'): readonly Example[] =>
    set.rowsOf(data.toString('utf8'), part).map(exampleOf)
  const asked = examplesOf(test!, 'test')
  const known = new Set(asked.map((example) => example.id))
  return {
    train: examplesOf(train!, 'train').filter((example) => !known.has(example.id)),
    test: asked,
    digests: { [set.train]: sha256(train!), [set.test]: sha256(test!) },
  }
}

function records(text: string, delimiter: string): readonly string[][] {
  return Papa.parse<string[]>(text, { delimiter, skipEmptyLines: true }).data
}

function lines(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line !== '')
}

/** The text before the last delimiter and the label behind it. */
function cut(line: string, delimiter: string): Row {
  const at = line.lastIndexOf(delimiter)
  return [line.slice(0, at), line.slice(at + 1)]
}

function exampleOf([text, label]: Row): Example {
  const input = { kind: 'text', text } as const
  return {
    id: exampleId(input),
    input,
    output: { kind: 'labels', labels: [label] },
    source: 'gold',
    weight: 1,
  }
}
