/**
 * Cuts the elements out of a list in a JSON document, piece by piece, without parsing the document: what is held at a
 * time is one element.
 */
import { appError } from '../base/errors.ts'
import type { JsonPiece } from './json-line.ts'
import { longestRecord } from './reader.ts'

/** Where a list begins in a document. */
export interface ListPlace {
  /** Names of the members that lead to it, from the outside in; none where the document is the list. */
  readonly path: readonly string[]
  /** UTF-16 units before its bracket, and the place behind it. */
  readonly offset: number
  readonly line: number
  readonly column: number
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const newline = 0x0a
const isOpening = (code: number): boolean => code === 0x7b || code === 0x5b
const isClosing = (code: number): boolean => code === 0x7d || code === 0x5d

/** Reads the text behind the list's opening bracket. */
export class ElementReader {
  readonly #file: string
  /** Open brackets inside an element, or around the list once it has ended. */
  #depth = 0
  readonly #depthAround: number
  #inString = false
  #isEscaped = false
  #hasEnded = false
  #awaitsElement = false
  #element: { readonly line: number; readonly column: number } | undefined
  #held: string[] = []
  #heldLength = 0
  #line: number
  /** Units of the current line in earlier pieces. */
  #before: number

  constructor(file: string, place: ListPlace) {
    this.#file = file
    this.#depthAround = place.path.length
    this.#line = place.line
    this.#before = place.column - 1
  }

  /** The elements that end in the next piece of the document. */
  push(chunk: string): readonly JsonPiece[] {
    const found: JsonPiece[] = []
    let from = 0
    let lineStart = -this.#before
    for (let at = 0; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at)
      if (code === newline) {
        this.#line++
        lineStart = at + 1
      } else if (this.#inString) this.#goOnInString(code)
      else if (code > 0x20) {
        const place = { line: this.#line, column: at - lineStart + 1 }
        if (this.#hasEnded) this.#goOnBehind(code, place)
        else if (this.#depth === 0 && (code === comma || isClosing(code))) {
          const element = this.#end(chunk.slice(from, at), place, code === comma)
          if (element !== undefined) found.push(element)
        } else {
          if (this.#element === undefined) {
            this.#element = place
            from = at
          }
          this.#count(code)
        }
      }
    }
    this.#before = chunk.length - lineStart
    this.#hold(chunk.slice(from))
    return found
  }

  /** Refuses a document that ends too soon. */
  finish(): void {
    if (this.#hasEnded && this.#depth === 0 && !this.#inString) return
    throw appError('data.json', {
      file: this.#file,
      line: this.#line,
      column: this.#before + 1,
      problem: 'the document ends before what was opened is closed',
      hint: 'The file seems to be cut short: write or copy it again.',
    })
  }

  #goOnInString(code: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (code === backslash) this.#isEscaped = true
    else if (code === quote) this.#inString = false
  }

  #count(code: number): void {
    if (code === quote) this.#inString = true
    else if (isOpening(code)) this.#depth++
    else if (isClosing(code)) this.#depth--
  }

  #goOnBehind(code: number, place: { readonly line: number; readonly column: number }): void {
    if (this.#depth > 0) {
      this.#count(code)
      return
    }
    const problem = 'text stands behind the end of the document'
    const hint = 'Write one document to a file, or one object on each line.'
    throw appError('data.json', { file: this.#file, ...place, problem, hint })
  }

  #end(
    tail: string,
    place: { readonly line: number; readonly column: number },
    goesOn: boolean,
  ): JsonPiece | undefined {
    const begin = this.#element ?? place
    const isMissing = this.#element === undefined && (goesOn || this.#awaitsElement)
    const text = this.#element === undefined ? '' : this.#held.join('') + tail
    const found = this.#element !== undefined || isMissing ? { ...begin, text: text.trimEnd() } : undefined
    this.#held = []
    this.#heldLength = 0
    this.#element = undefined
    this.#awaitsElement = goesOn
    if (!goesOn) {
      this.#hasEnded = true
      this.#depth = this.#depthAround
    }
    return found
  }

  #hold(text: string): void {
    if (this.#element === undefined) return
    this.#held.push(text)
    this.#heldLength += text.length
    if (this.#heldLength <= longestRecord) return
    const limit = `${longestRecord / 1024 / 1024} million characters`
    throw appError('data.record-too-long', { file: this.#file, line: this.#element.line, limit })
  }
}

/** The lists of objects in the beginning of a document that lie in no other list. */
export function findLists(text: string): readonly ListPlace[] {
  const lists: ListPlace[] = []
  /** Keys of the open objects; a list on the way ends the search inside it. */
  const keys: string[] = []
  let [listDepth, line, lineStart] = [0, 1, 0]
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (char === '\n') {
      line++
      lineStart = at + 1
    } else if (char === '"') {
      const end = stringEnd(text, at)
      if (end === undefined) return lists
      if (listDepth === 0 && keys.length > 0 && /^\s*:/.test(text.slice(end, end + 100)))
        keys[keys.length - 1] = keyOf(text.slice(at, end))
      at = end - 1
    } else if (listDepth > 0) {
      if (char === '[' || char === '{') listDepth++
      else if (char === ']' || char === '}') listDepth--
    } else if (char === '{') keys.push('')
    else if (char === '}') keys.pop()
    else if (char === '[') {
      listDepth = 1
      if (/^\s*(?:\{|\[\s*")/.test(text.slice(at + 1, at + 1000)))
        lists.push({ path: [...keys], offset: at, line, column: at - lineStart + 2 })
    }
  }
  return lists
}

function stringEnd(text: string, at: number): number | undefined {
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\') end++
    else if (text[end] === '"') return end + 1
  }
  return undefined
}

function keyOf(quoted: string): string {
  try {
    return JSON.parse(quoted)
  } catch {
    // A key that is no JSON is refused when its element or the end of the document is read.
    return quoted.slice(1, -1)
  }
}
