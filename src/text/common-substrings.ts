/**
 * The substrings of one text that also stand in each of some others, by the text's suffix automaton
 * (Blumer et al. 1985): linear in the length of all texts.
 */

/** A piece of the first text: UTF-16 offsets, `end` exclusive. */
export interface Piece {
  readonly start: number
  readonly end: number
}

/**
 * Longest pieces of `text` that stand in it exactly once and in each of the others at least once; none lies inside
 * another, they come in order, and they may overlap.
 */
export function commonPieces(text: string, others: readonly string[], minLength: number): readonly Piece[] {
  const automaton = buildAutomaton(text)
  const order = statesByLength(automaton)
  const occurrences = countOccurrences(automaton, order)
  const shared = Int32Array.from(automaton.length)
  for (const other of others) limitToMatches(automaton, order, other, shared)
  const pieces: Piece[] = []
  for (let state = 1; state < automaton.states; state++) {
    const length = shared[state]!
    if (length < minLength || occurrences[state] !== 1) continue
    // A shorter substring than the state's own belongs to its link, which is reached for itself.
    if (length <= automaton.length[automaton.link[state]!]!) continue
    pieces.push({ start: automaton.end[state]! - length, end: automaton.end[state]! })
  }
  return withoutContained(pieces)
}

interface Automaton {
  readonly states: number
  /** Of a state: its longest substring's length, its suffix link, and where that substring first ends. */
  readonly length: Int32Array
  readonly link: Int32Array
  readonly end: Int32Array
  readonly isPrefix: Uint8Array
  readonly next: readonly Map<number, number>[]
}

function buildAutomaton(text: string): Automaton {
  const capacity = 2 * text.length + 2
  const length = new Int32Array(capacity)
  const link = new Int32Array(capacity)
  const end = new Int32Array(capacity)
  const isPrefix = new Uint8Array(capacity)
  const next: Map<number, number>[] = [new Map()]
  link[0] = -1
  let last = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const added = next.push(new Map()) - 1
    length[added] = at + 1
    end[added] = at + 1
    isPrefix[added] = 1
    let state = last
    for (; state >= 0 && !next[state]!.has(unit); state = link[state]!) next[state]!.set(unit, added)
    last = added
    if (state < 0) continue
    const target = next[state]!.get(unit)!
    if (length[state]! + 1 === length[target]!) {
      link[added] = target
      continue
    }
    const clone = next.push(new Map(next[target]!)) - 1
    length[clone] = length[state]! + 1
    link[clone] = link[target]!
    end[clone] = end[target]!
    link[target] = clone
    link[added] = clone
    for (; state >= 0 && next[state]!.get(unit) === target; state = link[state]!)
      next[state]!.set(unit, clone)
  }
  return { states: next.length, length, link, end, isPrefix, next }
}

/** States from the longest to the shortest, so that each comes before its link. */
function statesByLength({ states, length }: Automaton): Int32Array {
  return Int32Array.from({ length: states }, (_, state) => state).sort((a, b) => length[b]! - length[a]!)
}

function countOccurrences({ link, isPrefix }: Automaton, order: Int32Array): Int32Array {
  const counts = Int32Array.from(isPrefix)
  for (const state of order) if (state > 0) counts[link[state]!]! += counts[state]!
  return counts
}

/** Shortens `shared[state]` to the longest of the state's substrings that `other` has. */
function limitToMatches(
  { length, link, next }: Automaton,
  order: Int32Array,
  other: string,
  shared: Int32Array,
): void {
  const matched = new Int32Array(shared.length)
  let state = 0
  let run = 0
  for (let at = 0; at < other.length; at++) {
    const unit = other.charCodeAt(at)
    while (state > 0 && !next[state]!.has(unit)) {
      state = link[state]!
      run = length[state]!
    }
    const following = next[state]!.get(unit)
    if (following !== undefined) {
      state = following
      run++
    }
    if (run > matched[state]!) matched[state] = run
  }
  for (const reached of order) {
    if (reached > 0 && matched[reached]! > 0) matched[link[reached]!] = length[link[reached]!]!
    if (matched[reached]! < shared[reached]!) shared[reached] = matched[reached]!
  }
}

function withoutContained(pieces: readonly Piece[]): readonly Piece[] {
  const sorted = pieces.toSorted((a, b) => a.start - b.start || b.end - a.end)
  let reach = 0
  return sorted.filter((piece) => {
    const isNew = piece.end > reach
    reach = Math.max(reach, piece.end)
    return isNew
  })
}
