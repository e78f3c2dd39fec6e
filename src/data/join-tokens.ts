/** The text of tokens: joined by spaces where words are spaced, by nothing where the script has no spaces. */

/**
 * What stands between two tokens: what was said; a space (`words`); nothing (`characters`, each token one of them);
 * nothing but between two words of a spaced script (`unspaced`).
 */
export type Joiner =
  | { readonly kind: 'said'; readonly text: string }
  | { readonly kind: 'words' }
  | { readonly kind: 'characters' }
  | { readonly kind: 'unspaced' }

/** A text and where each token begins in it, in UTF-16 units. */
export interface JoinedTokens {
  readonly text: string
  readonly starts: readonly number[]
}

/** Scripts that are written without spaces between words. */
const unspacedLetter =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

/** The joiner that the tokens of a file show. */
export function joinerOf(tokens: Iterable<string>): Joiner {
  let [letters, unspaced, single] = [0, 0, 0]
  for (const token of tokens) {
    if (!/\p{L}/u.test(token)) continue
    letters++
    if (unspacedLetter.test(token)) unspaced++
    if (token.length <= 2 && [...token].length === 1) single++
  }
  if (unspaced * 2 < Math.max(1, letters)) return { kind: 'words' }
  return single >= letters * 0.9 ? { kind: 'characters' } : { kind: 'unspaced' }
}

/** Puts the text of tokens together. */
export function joinTokens(tokens: readonly string[], joiner: Joiner): JoinedTokens {
  const starts: number[] = []
  let text = ''
  for (const [at, token] of tokens.entries()) {
    if (at > 0) text += between(joiner, tokens[at - 1]!, token)
    starts.push(text.length)
    text += token
  }
  return { text, starts }
}

/** How a joiner is called in a description. */
export function joinerName(joiner: Joiner): string {
  const names = {
    said: `joined by ${JSON.stringify(joiner.kind === 'said' ? joiner.text : '')}`,
    words: 'joined by spaces',
    characters: 'characters, joined by nothing',
    unspaced: 'joined by nothing',
  }
  return names[joiner.kind]
}

function between(joiner: Joiner, before: string, after: string): string {
  switch (joiner.kind) {
    case 'said':
      return joiner.text
    case 'words':
      return ' '
    case 'characters':
      return ''
    case 'unspaced':
      return endsSpaced(before) && startsSpaced(after) ? ' ' : ''
  }
}

function endsSpaced(token: string): boolean {
  return /[\p{L}\p{N}]$/u.test(token) && !unspacedLetter.test(token.at(-1)!)
}

function startsSpaced(token: string): boolean {
  return /^[\p{L}\p{N}]/u.test(token) && !unspacedLetter.test(token[0]!)
}
