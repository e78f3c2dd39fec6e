/** The tagged sets that extraction is measured on, read from `SHOAL_DATA` as their official files are. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Span } from '../../src/task/types.ts'
import { dataFolder } from './labelled-sets.ts'

/** A text and its entities. */
export interface EntityRow {
  readonly text: string
  readonly spans: readonly Span[]
}

const entitySources = {
  wnut17: {
    files: {
      train: 'wnut17/wnut17train.conll',
      dev: 'wnut17/emerging.dev.conll',
      test: 'wnut17/emerging.test.annotated',
    },
    between: ' ',
  },
  resume_ner: {
    files: {
      train: 'resume_ner/train.char.bmes',
      dev: 'resume_ner/dev.char.bmes',
      test: 'resume_ner/test.char.bmes',
    },
    between: '',
  },
} as const

export type EntitySetName = keyof typeof entitySources
export type SplitName = 'train' | 'dev' | 'test'

/** Reads one official split: tokens put together with a space between, or with none where they are characters. */
export function readEntitySplit(name: EntitySetName, split: SplitName): readonly EntityRow[] {
  const { files, between } = entitySources[name]
  return readText(files[split])
    .split(/\r?\n[ \t]*\r?\n/)
    .map((block) => block.split(/\r?\n/).filter((line) => line.trim() !== ''))
    .filter((lines) => lines.length > 0)
    .map((lines) => rowOf(lines, between))
}

/** SHA-256 of each file of a set. */
export function entityDigests(name: EntitySetName): Record<string, string> {
  return Object.fromEntries(Object.values(entitySources[name].files).map((file) => [file, digestOf(file)]))
}

/** SHA-256 of a data file. */
export function digestOf(file: string): string {
  return createHash('sha256').update(readText(file)).digest('hex')
}

/** A data file's text; says which is missing where one is. */
export function readText(file: string): string {
  const path = resolve(dataFolder(), file)
  if (existsSync(path)) return readFileSync(path, 'utf8')
  throw new Error(`The data file ${path} is missing. Set SHOAL_DATA to the folder that holds ${file}.`)
}

function rowOf(lines: readonly string[], between: string): EntityRow {
  const spans: { start: number; end: number; label: string }[] = []
  let text = ''
  for (const line of lines) {
    const cut = Math.max(line.lastIndexOf('\t'), line.lastIndexOf(' '))
    const [token, tag] = [line.slice(0, cut), line.slice(cut + 1).trim()]
    if (text !== '') text += between
    const start = text.length
    text += token
    const [place, label = ''] = [tag[0], tag.slice(2)]
    const open = spans.at(-1)
    if (place === 'B' || place === 'S') spans.push({ start, end: text.length, label })
    else if (place !== 'O' && open) open.end = text.length
  }
  return { text, spans: spans.map((span) => ({ ...span, text: text.slice(span.start, span.end) })) }
}
