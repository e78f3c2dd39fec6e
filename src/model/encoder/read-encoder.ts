// Reads an encoder's tensors by Shoal's names out of published weights, after each has been found and has the shape
// that the configuration says.
import { appError } from '../../base/errors.ts'
import { type StoredTensor, shapeText, type TensorSource } from '../weights/tensor-source.ts'
import type { EncoderConfig } from './encoder-config.ts'
import { type EncoderTensor, encoderTensors } from './weight-names.ts'

/** Shoal's name of each tensor of the encoder, and what the source calls it. */
export type TensorNames = ReadonlyMap<string, string>

/**
 * Finds every tensor of the encoder in the source; `file` is what errors call it. Throws `weights.tensor-missing`, and
 * `weights.tensor` for one of another shape.
 */
export function checkEncoder(config: EncoderConfig, source: TensorSource, file: string): TensorNames {
  const present = new Set(source.names)
  return new Map(
    encoderTensors(config).map((tensor) => {
      const name = tensor.published.find((published) => present.has(published))
      if (name === undefined) throw missing(tensor, source, file)
      checkShape(tensor, { name, shape: source.shapeOf(name), file })
      return [tensor.name, name]
    }),
  )
}

/** The same source under Shoal's names, and with nothing but the encoder's own tensors. */
export function encoderSource(config: EncoderConfig, source: TensorSource, file: string): TensorSource {
  const names = checkEncoder(config, source, file)
  const published = (name: string): string => names.get(name) ?? name
  return {
    names: [...names.keys()].sort(),
    shapeOf: (name) => source.shapeOf(published(name)),
    read: (name): Promise<StoredTensor> => source.read(published(name)),
    close: () => source.close(),
  }
}

function checkShape(
  tensor: EncoderTensor,
  { name, shape, file }: { readonly name: string; readonly shape: readonly number[]; readonly file: string },
): void {
  const expected = shapeText(tensor.shape)
  if (shapeText(shape) === expected) return
  const problem = `has the shape ${shapeText(shape)} where config.json says ${expected}`
  throw appError('weights.tensor', { file, tensor: name, problem })
}

function missing({ published }: EncoderTensor, { names }: TensorSource, file: string): Error {
  const last = published[0]!.split('.').slice(-2).join('.')
  const alike = names.filter((name) => name.endsWith(last)).slice(0, 3)
  return appError('weights.tensor-missing', {
    file,
    tensor: published[0]!,
    count: names.length,
    names: (alike.length > 0 ? alike : names.slice(0, 3)).join(', ') || 'none',
  })
}
