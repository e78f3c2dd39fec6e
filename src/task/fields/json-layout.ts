/** Learns the spaces, line breaks and escapes with which JSON answers are written. */
import { learnEscapes } from '../json-string.ts'
import type { JsonEscapes } from '../types.ts'
import type { JsonLayout } from './field-rendering.ts'
import { type JsonTree, writeJson } from './json-tree.ts'

/** A JSON text and its tree. */
export interface JsonBody {
  readonly text: string
  readonly tree: JsonTree
}

/** Bodies that layouts are tried on. */
const sampleSize = 200
const depths = [0, 1, 2, 3, 99] as const

/** The layout and escapes that give most of the texts back as they are. */
export function learnJsonWriting(bodies: readonly JsonBody[]): {
  readonly layout: JsonLayout
  readonly escapes: JsonEscapes
} {
  const escapes = learnEscapes(bodies.flatMap(({ text }) => text.match(insides) ?? []))
  const sample = bodies.slice(0, sampleSize)
  let best: { layout: JsonLayout; exact: number } | undefined
  for (const layout of layouts(sample)) {
    const exact = sample.filter(({ text, tree }) => writeJson(tree, { layout, escapes }) === text).length
    if (best === undefined || exact > best.exact) best = { layout, exact }
  }
  return { layout: best!.layout, escapes }
}

const insides = /(?<=")(?:[^"\\]|\\.)*(?=")/gs

function* layouts(sample: readonly JsonBody[]): Generator<JsonLayout> {
  const indents = new Set(sample.flatMap(({ text }) => /\n([ \t]+)/.exec(text)?.[1] ?? []))
  for (const comma of [', ', ',']) {
    for (const colon of [': ', ':', ' : ']) {
      for (const padded of [false, true]) {
        yield { indent: '', inlineFrom: 0, comma, colon, padded }
        for (const indent of [...indents].slice(0, 4)) {
          for (const inlineFrom of depths) yield { indent, inlineFrom, comma, colon, padded }
        }
      }
    }
  }
}
