/** Cuts a text at the matches of a pattern, with the five things that tokenizer.json can do with a match. */

/** What becomes of a match: dropped, a word of its own, part of the word before or after, one word with its neighbours. */
export const behaviours = [
  'removed',
  'isolated',
  'merged-with-previous',
  'merged-with-next',
  'contiguous',
] as const
export type Behaviour = (typeof behaviours)[number]

/** Adds the words of the units `from` to `to` of `text` to `bounds`, two numbers each. */
export type Splitter = (text: string, from: number, to: number, bounds: number[]) => void

/** A splitter of the units `from` to `to` of a text; `invert` takes what lies between the matches for the matches. */
export function splitBy(pattern: RegExp, behaviour: Behaviour, invert: boolean): Splitter {
  return (text, from, to, bounds) => {
    const part = from === 0 && to === text.length ? text : text.slice(from, to)
    const add = adders[behaviour](bounds)
    let done = 0
    for (const match of part.matchAll(pattern)) {
      const end = match.index + match[0].length
      if (end === match.index) continue
      if (match.index > done) add(from + done, from + match.index, invert)
      add(from + match.index, from + end, !invert)
      done = end
    }
    if (done < part.length) add(from + done, to, invert)
  }
}

type Add = (start: number, end: number, isMatch: boolean) => void

const adders: { readonly [B in Behaviour]: (bounds: number[]) => Add } = {
  removed: (bounds) => (start, end, isMatch) => {
    if (!isMatch) bounds.push(start, end)
  },
  isolated: (bounds) => (start, end) => {
    bounds.push(start, end)
  },
  'merged-with-previous': (bounds) => {
    let wasMatch = true // what comes first begins a word of its own
    return (start, end, isMatch) => {
      if (isMatch && !wasMatch) bounds[bounds.length - 1] = end
      else bounds.push(start, end)
      wasMatch = isMatch
    }
  },
  'merged-with-next': (bounds) => {
    let wasMatch = false
    return (start, end, isMatch) => {
      if (!isMatch && wasMatch) bounds[bounds.length - 1] = end
      else bounds.push(start, end)
      wasMatch = isMatch
    }
  },
  contiguous: (bounds) => {
    let last: boolean | undefined
    return (start, end, isMatch) => {
      if (isMatch === last) bounds[bounds.length - 1] = end
      else bounds.push(start, end)
      last = isMatch
    }
  },
}
