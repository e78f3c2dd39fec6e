import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codedNumbers, mostCode, quantiseOutputs, quantiseWeight } from './quantise-weights.ts'

const width = 6
const numbers = fc.float({ min: -8, max: 8, noNaN: true })
const weights = fc
  .array(fc.array(numbers, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 })
  .map((rows) => Float32Array.from(rows.flat(), (number) => (Math.abs(number) < 1e-20 ? 0 : number)))
const factors = fc
  .array(fc.integer({ min: 0, max: 9 }), { minLength: width, maxLength: width })
  .map((exponents) => Float32Array.from(exponents, (exponent) => 2 ** exponent))

test('the numbers that codes stand for give the same codes and scales again, to the last bit', () => {
  fc.assert(
    fc.property(weights, factors, (weight, by) => {
      const coded = quantiseWeight(weight, by)
      expect(quantiseWeight(codedNumbers(coded, by), by)).toEqual(coded)
    }),
  )
})

test('a number is at most half a step away from what it was', () => {
  fc.assert(
    fc.property(weights, factors, (weight, by) => {
      const coded = quantiseWeight(weight, by)
      codedNumbers(coded, by).forEach((number, at) => {
        const step = coded.scales[Math.floor(at / width)]! / by[at % width]!
        expect(Math.abs(number - weight[at]!)).toBeLessThanOrEqual(0.501 * step)
      })
    }),
  )
})

test('the largest number of each output has the largest code; an output of zeros has none', () => {
  const weight = Float32Array.of(0.1, -0.3, 0.2, 0, 0, 0)
  const { codes, scales } = quantiseWeight(weight, new Float32Array(3).fill(1))
  expect([...codes]).toEqual([42, -mostCode, 85, 0, 0, 0])
  expect(scales[0]).toBeCloseTo(0.3 / mostCode, 6)
  expect(scales[1]).toBe(1)
})

test('parts follow one another along the outputs, turned so that inputs come first', () => {
  const one = new Float32Array(2).fill(1)
  const parts = [Float32Array.of(1, 0), Float32Array.of(0, 2, 4, -4)]
  const { codes, scales } = quantiseOutputs(parts, one)
  expect([...codes]).toEqual([127, 0, 127, 0, 127, -127])
  expect([...scales].map((scale) => Math.round(scale * mostCode))).toEqual([1, 2, 4])
})
