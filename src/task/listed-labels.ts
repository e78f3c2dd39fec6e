/** The labels that a request's own JSON schema allows. */
import { isJsonObject, type Json } from '../base/json.ts'
import type { LabelRendering } from './types.ts'

/**
 * The `enum` of a `response_format` of type `json_schema` that has all labels seen, as labels of the rendering;
 * `undefined` where there is none. A label that was never seen is listed, but cannot be predicted.
 */
export function listedLabels(
  responseFormat: Json | undefined,
  rendering: LabelRendering,
  seen: readonly string[],
): readonly string[] | undefined {
  if (responseFormat === undefined || rendering.kind === 'text') return undefined
  const lists = enumsIn(responseFormat).map((values) => labelsOf(values, rendering))
  return lists.find((labels) => seen.every((label) => labels.includes(label)))
}

function labelsOf(values: readonly Json[], rendering: LabelRendering): readonly string[] {
  if (rendering.kind === 'json-value') return values.map((value) => JSON.stringify(value))
  return values.filter((value) => typeof value === 'string')
}

function enumsIn(schema: Json): readonly (readonly Json[])[] {
  if (Array.isArray(schema)) return schema.flatMap(enumsIn)
  if (!isJsonObject(schema)) return []
  const own = Array.isArray(schema['enum']) ? [schema['enum']] : []
  return [...own, ...Object.values(schema).flatMap(enumsIn)]
}
