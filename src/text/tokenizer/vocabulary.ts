/** The vocabulary of tokenizer.json with its added tokens, checked: every id once, every token that the file names there. */
import { described, type JsonFields } from './json-fields.ts'
import type { Vocabulary } from './model.ts'

/** A token that was added to the vocabulary after training. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  /** Steers the model; never read from a text. */
  readonly special: boolean
  /** Sought in the normalised text rather than in the text as it is. */
  readonly normalized: boolean
  /** Only where no letter or digit stands beside it. */
  readonly singleWord: boolean
}

/** Added tokens of the file. */
export function parseAddedTokens(root: JsonFields): readonly AddedToken[] {
  if (!root.has('added_tokens')) return []
  return root.objects('added_tokens').map((fields) => {
    const special = fields.boolean('special', false)
    const content = fields.string('content')
    if (content === '') throw fields.problem('content', 'is empty')
    return {
      id: fields.number('id'),
      content,
      special,
      normalized: fields.boolean('normalized', !special),
      singleWord: fields.boolean('single_word', false),
    }
  })
}

/** Pieces with ids from `model.vocab`, an object of ids (WordPiece, BPE) or a list of pieces with scores (Unigram). */
export function parseVocabulary(
  model: JsonFields,
  added: readonly AddedToken[],
): { readonly vocabulary: Vocabulary; readonly scores: Float64Array } {
  const isList = Array.isArray(model.value.vocab)
  const scores: number[] = []
  const ids = isList ? idsOfList(model, scores) : idsOfObject(model)
  const pieces: (string | undefined)[] = []
  for (const [piece, id] of ids) {
    if (pieces[id] !== undefined)
      throw model.problem('vocab', `gives "${pieces[id]}" and "${piece}" the same id ${id}`)
    pieces[id] = piece
  }
  if (ids.size === 0) throw model.problem('vocab', 'is empty')
  addTokens(model, added, ids, pieces)
  const special = new Set(added.filter((token) => token.special).map((token) => token.id))
  return { vocabulary: { ids, pieces, special }, scores: Float64Array.from(scores) }
}

function idsOfObject(model: JsonFields): Map<string, number> {
  const ids = new Map<string, number>()
  const { value } = model.object('vocab')
  for (const piece in value) {
    const id = value[piece]
    if (!isId(id)) throw model.problem('vocab', `gives "${piece}" ${described(id)} as its id`)
    ids.set(piece, id)
  }
  return ids
}

function idsOfList(model: JsonFields, scores: number[]): Map<string, number> {
  const ids = new Map<string, number>()
  model.list('vocab').forEach((entry, id) => {
    const [piece, score]: readonly unknown[] = Array.isArray(entry) ? entry : []
    if (typeof piece !== 'string' || typeof score !== 'number')
      throw model.problem(
        'vocab',
        `has ${described(entry)} at ${id} where a piece with its score is expected`,
      )
    if (ids.has(piece)) throw model.problem('vocab', `has "${piece}" twice, at ${ids.get(piece)} and ${id}`)
    ids.set(piece, id)
    scores.push(score)
  })
  return ids
}

function addTokens(
  model: JsonFields,
  added: readonly AddedToken[],
  ids: Map<string, number>,
  pieces: (string | undefined)[],
): void {
  for (const { id, content } of added) {
    if (!isId(id)) throw model.problem('vocab', `cannot have the added token "${content}" with the id ${id}`)
    const known = ids.get(content)
    if (known !== undefined && known !== id)
      throw model.problem('vocab', `gives "${content}" the id ${known}, and added_tokens gives it ${id}`)
    if (pieces[id] !== undefined && pieces[id] !== content)
      throw model.problem('vocab', `gives the id ${id} to "${pieces[id]}", and added_tokens to "${content}"`)
    ids.set(content, id)
    pieces[id] = content
  }
}

/** Ids are rows of a table: larger ones are a mistake in the file, not a vocabulary. */
const mostPieces = 2 ** 24

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < mostPieces
}
