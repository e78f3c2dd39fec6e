import { expect, it } from 'vitest'
import { decodeTensors, encodeTensors } from './tensors.ts'

const tensors = {
  codes: { shape: [3], data: Uint32Array.of(1, 2, 4_000_000_000) },
  weights: { shape: [2, 2], data: Float32Array.of(0.5, -1, 2, 3) },
  bytes: { shape: [3], data: Int8Array.of(-128, 0, 127) },
}

it('gives back the arrays that were written', () => {
  expect(Object.fromEntries(decodeTensors(encodeTensors(tensors)))).toEqual(tensors)
})

it('reads from a Node Buffer that lies at an odd place of a larger one, as small files do', () => {
  const written = encodeTensors(tensors)
  const pool = Buffer.alloc(written.length + 11)
  pool.set(written, 5)
  expect(Object.fromEntries(decodeTensors(pool.subarray(5, 5 + written.length)))).toEqual(tensors)
})
