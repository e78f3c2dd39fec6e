/** Reads an answer back to the spans of its input that say it. */
import type { Span } from '../types.ts'
import { readBody } from './body.ts'
import { choosePlaces } from './choose-places.ts'
import { collectWanted, placesOf } from './collect.ts'
import type { FieldRendering } from './field-rendering.ts'
import { renderFields } from './render-fields.ts'

/** Spans of the text of which {@link renderFields} makes the very answer, each at its first place; `undefined` where none do. */
export function readFields(
  rendering: FieldRendering,
  text: string,
  answer: string,
): readonly Span[] | undefined {
  const tree = readBody(rendering, answer)
  if (tree === undefined) return undefined
  const located = collectWanted(rendering.root, tree).map((wanted) => ({
    wanted,
    places: placesOf(text, wanted),
  }))
  const spans = choosePlaces({ text, located }, () => 0)
  return spans && renderFields(rendering, text, spans) === answer ? spans : undefined
}
