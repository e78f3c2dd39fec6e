/** What the objects of a file mean: a log of calls, texts with spans, questions. One file a shape; `readers.ts` lists them. */
import { type ObjectAt, type ObjectFile, rowsUntilWrong } from './objects.ts'
import type { FormatName, Recognition, Row, RowKind, SaidLayout } from './reader.ts'

export interface RowShape {
  readonly format: FormatName
  readonly yields: RowKind
  /** Absent where the first objects cannot be of this shape. */
  recognise(first: readonly ObjectAt[], said: SaidLayout): ShapeMatch | undefined
}

export interface ShapeMatch {
  /** 0..1, as in a reader's recognition. */
  readonly score: number
  /** What an object is, in words: `a logged chat call`. */
  readonly description: string
  /** The rows of one object; throws where it is not of the shape. */
  rows(object: ObjectAt, file: string): readonly Row[]
}

/** Objects by which a shape is recognised; the first of many tell as much as all. */
const looked = 50

/** Recognises a shape among a file's objects. */
export function recogniseShape(
  shape: RowShape,
  objects: ObjectFile,
  said: SaidLayout,
): Recognition | undefined {
  // Of nothing everything is true: a table whose first rows cannot be read has no shape.
  if (objects.first.length === 0) return undefined
  const match = shape.recognise(objects.first.slice(0, looked), said)
  if (match === undefined) return undefined
  const { file } = objects
  return {
    score: match.score,
    source: {
      file,
      format: shape.format,
      yields: shape.yields,
      description: `${match.description}, ${objects.description}`,
      columns: [],
      preview: rowsUntilWrong(objects.first.slice(0, looked), (object) => match.rows(object, file)),
      read: async function* read(options) {
        for await (const some of objects.read(options))
          yield some.flatMap((object) => match.rows(object, file))
      },
    },
  }
}
