/**
 * How tags mark the spans of tagged tokens: IOB1 (Ramshaw and Marcus 1995), BIO (its variant IOB2), BIOES with its
 * spelling BILOU, and BMES; which of them a file uses, and the spans of its tags.
 */

/** `bioes` is BILOU too: L is E, U is S. */
export const tagSchemes = ['bio', 'iob1', 'bioes', 'bmes'] as const
export type TagScheme = (typeof tagSchemes)[number]

/** A tag such as `B-person`: its mark, and the label behind it; `O` has no label. */
export interface Tag {
  readonly mark: 'B' | 'I' | 'E' | 'S' | 'O'
  readonly label: string
  readonly text: string
}

/** Positions of tokens, `end` exclusive. */
export interface TokenSpan {
  readonly start: number
  readonly end: number
  readonly label: string
}

/** The first token of a sentence whose tag breaks the scheme. */
export interface BrokenTag {
  readonly at: number
  readonly problem: string
}

/** M and L, U are other letters for I, E, S. */
const marks: { readonly [letter: string]: Tag['mark'] } = {
  B: 'B',
  I: 'I',
  M: 'I',
  E: 'E',
  L: 'E',
  S: 'S',
  U: 'S',
  O: 'O',
}

const tagPattern = /^(?:(O)|([BIMELSU])[-_](.+))$/

/** A tag as it is written, or `undefined` where it is none. */
export function parseTag(text: string): Tag | undefined {
  const [, outside, letter, label] = tagPattern.exec(text) ?? []
  if (outside !== undefined) return { mark: 'O', label: '', text }
  return letter === undefined || label === undefined ? undefined : { mark: marks[letter]!, label, text }
}

/** Which marks a scheme has. */
const marksOf: { readonly [S in TagScheme]: string } = {
  bio: 'BIO',
  iob1: 'BIO',
  bioes: 'BIOESLU',
  bmes: 'BMESO',
}

/** Sentences of tags as they are written → the scheme that all of them fit, or else the nearest. */
export function detectScheme(sentences: Iterable<readonly string[]>): TagScheme {
  const letters = new Set<string>()
  let [freeInside, freeBegin] = [0, 0]
  for (const sentence of sentences) {
    let before: Tag | undefined
    for (const text of sentence) {
      letters.add(text.slice(0, 1))
      const tag = parseTag(text)
      const goesOn =
        tag !== undefined && before !== undefined && isInside(before) && before.label === tag.label
      if (tag?.mark === 'I' && !goesOn) freeInside++
      if (tag?.mark === 'B' && !goesOn) freeBegin++
      before = tag
    }
  }
  if (letters.has('M')) return 'bmes'
  if (['E', 'S', 'L', 'U'].some((letter) => letters.has(letter))) return 'bioes'
  return freeInside > 0 && freeBegin === 0 ? 'iob1' : 'bio'
}

/** Why a tag cannot be of a scheme, whatever stands around it; `undefined` where it can. */
export function foreignTag(text: string, scheme: TagScheme): string | undefined {
  if (parseTag(text) === undefined) return `${JSON.stringify(text)} is no tag such as O, B-person or I-person`
  if (marksOf[scheme].includes(text.slice(0, 1))) return undefined
  return `the tag ${JSON.stringify(text)} is none of ${scheme.toUpperCase()}, which the beginning of the file shows or --scheme says`
}

/** The first tag that does not fit its neighbours in the scheme; in IOB1 none is, since every sequence means something. */
export function firstBroken(tags: readonly Tag[], scheme: TagScheme): BrokenTag | undefined {
  if (scheme === 'iob1') return undefined
  const hasEnds = scheme !== 'bio'
  for (let at = 0; at <= tags.length; at++) {
    const [before, tag] = [tags[at - 1], tags[at]]
    const open = before !== undefined && (before.mark === 'B' || before.mark === 'I') ? before : undefined
    const goesOn = open !== undefined && tag !== undefined && continues(tag) && tag.label === open.label
    if (tag !== undefined && continues(tag) && !goesOn)
      return {
        at,
        problem: `${tag.text} does not go on from ${before === undefined ? 'the start' : before.text}`,
      }
    if (hasEnds && open !== undefined && !goesOn)
      return {
        at: Math.min(at, tags.length - 1),
        problem: `${open.text} is never ended: ${tag === undefined ? 'the sentence ends' : `${tag.text} follows`}`,
      }
  }
  return undefined
}

/** The spans of tags, read as the CoNLL evaluation script (conlleval) reads them: well-formed tags mean what they say. */
export function tagSpans(tags: readonly Tag[]): readonly TokenSpan[] {
  const spans: TokenSpan[] = []
  let start: number | undefined
  for (let at = 0; at <= tags.length; at++) {
    const [before, tag] = [tags[at - 1], tags[at]]
    if (start !== undefined && before !== undefined && ends(before, tag)) {
      spans.push({ start, end: at, label: before.label })
      start = undefined
    }
    if (tag !== undefined && tag.mark !== 'O' && start === undefined) start = at
  }
  return spans
}

function ends(before: Tag, tag: Tag | undefined): boolean {
  if (tag === undefined || before.mark === 'E' || before.mark === 'S') return true
  return tag.mark === 'O' || tag.mark === 'B' || tag.mark === 'S' || tag.label !== before.label
}

function isInside(tag: Tag): boolean {
  return tag.mark !== 'O'
}

function continues(tag: Tag): boolean {
  return tag.mark === 'I' || tag.mark === 'E'
}
