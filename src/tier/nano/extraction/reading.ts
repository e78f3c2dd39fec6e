// How the texts of a task are read: by word or by character, and where words must be cut so that the spans that were
// seen can be told by whole tokens.
import {
  createTokenBuffer,
  createTokeniser,
  cutAt,
  isInsideWord,
  type LearnedCuts,
  type TokenBuffer,
  unitKind,
  unitKinds,
} from '../../../text/tokens.ts'
import type { SpannedTexts } from './corpus.ts'
import type { FeatureMode } from './token-features.ts'

/** What was found out about a task's texts. */
export interface FoundReading {
  readonly mode: FeatureMode
  readonly cuts: LearnedCuts
  /** Spans that begin or end inside a token all the same. */
  readonly unrepresentable: number
}

// Cutting letters from letters takes every word apart: that must save more than a stray slip of an annotator.
const worthTakingWordsApart = 0.02

/** Reads a task's texts once with the usual cuts, and learns the others from where spans begin and end. */
export function findReading({ texts, spans }: SpannedTexts): FoundReading {
  const tokens = createTokenBuffer()
  const usual = createTokeniser([])
  const inside = new Map<number, number>() // spans that each pair of kinds is in the way of
  let [spanCount, unspacedTokens, tokenCount] = [0, 0, 0]
  texts.forEach((text, row) => {
    usual.tokenise(text, tokens)
    tokenCount += tokens.count
    for (let t = 0; t < tokens.count; t++) {
      if (unitKind(text.charCodeAt(tokens.starts[t]!)) === unitKinds.unspaced) unspacedTokens++
    }
    for (const { start, end } of spans[row]!) {
      spanCount++
      for (const offset of [start, end]) {
        if (isBoundary(tokens, offset)) continue
        const cut = cutAt(text, offset)
        inside.set(cut, (inside.get(cut) ?? 0) + 1)
      }
    }
  })
  const cuts = [...inside.keys()]
    .filter((cut) => !isInsideWord(cut) || inside.get(cut)! > worthTakingWordsApart * spanCount)
    .sort((a, b) => a - b)
  return {
    mode: unspacedTokens * 2 > tokenCount ? 'characters' : 'words',
    cuts,
    unrepresentable: countInside({ texts, spans }, cuts),
  }
}

function countInside({ texts, spans }: Pick<SpannedTexts, 'texts' | 'spans'>, cuts: LearnedCuts): number {
  const tokens = createTokenBuffer()
  const tokeniser = createTokeniser(cuts)
  let count = 0
  texts.forEach((text, row) => {
    if (spans[row]!.length === 0) return
    tokeniser.tokenise(text, tokens)
    for (const { start, end } of spans[row]!) {
      if (!isStart(tokens, start) || !isEnd(tokens, end)) count++
    }
  })
  return count
}

const isStart = ({ starts, count }: TokenBuffer, offset: number): boolean => {
  for (let t = 0; t < count && starts[t]! <= offset; t++) if (starts[t] === offset) return true
  return false
}

const isEnd = ({ ends, count }: TokenBuffer, offset: number): boolean => {
  for (let t = 0; t < count && ends[t]! <= offset; t++) if (ends[t] === offset) return true
  return false
}

/** Whether an offset lies inside no token. */
const isBoundary = ({ starts, ends, count }: TokenBuffer, offset: number): boolean => {
  for (let t = 0; t < count && starts[t]! < offset; t++) if (ends[t]! > offset) return false
  return true
}
