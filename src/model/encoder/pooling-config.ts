// How the hidden states of a text become one vector: what sentence-transformers writes beside a model
// (`modules.json`, `1_Pooling/config.json`), or the mean where it wrote nothing.
import { z } from 'zod'
import { appError } from '../../base/errors.ts'

/** `mean`: over the tokens of the text, special ones included; `cls`: the first token. */
export interface Pooling {
  readonly mode: 'mean' | 'cls'
  /** True: vectors are scaled to length 1. */
  readonly normalize: boolean
}

/** What a model without a pooling configuration is read with. */
const usualPooling: Pooling = { mode: 'mean', normalize: true }

const modulesShape = z.array(z.object({ path: z.string(), type: z.string() }))
const poolingShape = z.record(z.string(), z.unknown())
const otherModes = ['max_tokens', 'mean_sqrt_len_tokens', 'weightedmean_tokens', 'lasttoken']

/**
 * The pooling out of `modules.json` and the configuration of its module of pooling, both parsed; `undefined` where a
 * model has no such file. Throws `model.config` for a pooling, or a module, that Shoal does not carry out.
 */
export function parsePooling(modules: unknown, pooling: unknown): Pooling {
  if (pooling === undefined) return { ...usualPooling, normalize: normalizes(modules) ?? true }
  const parsed = poolingShape.safeParse(pooling)
  if (!parsed.success) throw refused('1_Pooling/config.json', 'it is not an object')
  const modeOf = (name: string): boolean => parsed.data[`pooling_mode_${name}`] === true
  const other = otherModes.filter(modeOf)
  const [isCls, isMean] = [modeOf('cls_token'), modeOf('mean_tokens')]
  if (other.length > 0 || isCls === isMean) {
    throw refused('1_Pooling/config.json', 'it asks for a pooling other than the mean or the first token')
  }
  return { mode: isCls ? 'cls' : 'mean', normalize: normalizes(modules) ?? false }
}

function normalizes(modules: unknown): boolean | undefined {
  if (modules === undefined) return undefined
  const parsed = modulesShape.safeParse(modules)
  if (!parsed.success) throw refused('modules.json', 'it is not a list of modules with "path" and "type"')
  const kinds = parsed.data.map(({ type }) => type.slice(type.lastIndexOf('.') + 1))
  const unknown = kinds.find((kind) => !['Transformer', 'Pooling', 'Normalize'].includes(kind))
  if (unknown !== undefined) throw refused('modules.json', `the module "${unknown}" is not known`)
  return kinds.includes('Normalize')
}

function refused(file: string, problem: string): Error {
  return appError('model.config', { file, problem })
}
