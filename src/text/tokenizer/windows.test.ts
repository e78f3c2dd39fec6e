import { describe, expect, it } from 'vitest'
import { windows } from './windows.ts'

describe('windows', () => {
  it.each([
    [0, [[0, 0]]],
    [3, [[0, 3]]],
    [4, [[0, 4]]],
    [
      5,
      [
        [0, 4],
        [1, 5],
      ],
    ],
    [
      9,
      [
        [0, 4],
        [3, 7],
        [5, 9],
      ],
    ],
    [
      10,
      [
        [0, 4],
        [3, 7],
        [6, 10],
      ],
    ],
  ])('cover %i tokens, the last one full', (length, expected) => {
    expect(windows(length, { size: 4, stride: 3 }).map(({ from, to }) => [from, to])).toEqual(expected)
  })

  it('refuses a stride that would leave tokens out', () => {
    expect(() => windows(10, { size: 4, stride: 5 })).toThrow('cover no text')
  })
})
