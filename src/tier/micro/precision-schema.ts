// How descriptions of artefacts say in which precision their layers are served.
import { z } from 'zod'

/** A `WeightPrecision`: single precision, or 8 bits with the ranges that the inputs of layers had in training. */
export const precisionSchema = z.union([
  z.literal('float32'),
  z.object({
    kind: z.literal('int8'),
    ranges: z.record(
      z.string(),
      z.object({
        least: z.number(),
        most: z.number(),
        shrunk: z.array(z.tuple([z.int(), z.number()]).readonly()).readonly(),
      }),
    ),
  }),
])
