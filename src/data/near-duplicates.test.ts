import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { NearDuplicateFinder, similarityOf } from './near-duplicates.ts'

const random = seededRandom(1)
const word = (): string =>
  Array.from({ length: 3 + random.below(6) }, () => String.fromCharCode(97 + random.below(26))).join('')
const sentence = (words: number): string => Array.from({ length: words }, word).join(' ')

test('of pairs that are nearly the same, at least 95% are found, and only such pairs', () => {
  const finder = new NearDuplicateFinder()
  const texts = Array.from({ length: 400 }, () => sentence(25))
  for (const text of texts) expect(finder.add(text)).toBeUndefined()
  let [near, found] = [0, 0]
  for (const [row, text] of texts.entries()) {
    const words = text.split(' ')
    for (let change = random.below(4); change >= 0; change--) words[random.below(words.length)] = word()
    const changed = words.join(' ')
    const similarity = similarityOf(changed, text)
    const twin = finder.find(changed)
    if (similarity >= 0.8) near++
    if (twin) {
      found++
      expect(twin.of).toBe(row)
      expect(twin.similarity).toBeCloseTo(similarity, 10)
      expect(similarity).toBeGreaterThanOrEqual(0.8)
    }
  }
  expect(near).toBeGreaterThan(100)
  expect(found / near).toBeGreaterThan(0.95)
})

test('case and spaces count as nothing, and texts shorter than a shingle are compared whole', () => {
  const finder = new NearDuplicateFinder()
  finder.add('Where is  my card?')
  finder.add('好')
  finder.add('')
  expect(finder.add('where is my card?')).toEqual({ row: 3, of: 0, similarity: 1 })
  expect(finder.add('好')).toMatchObject({ of: 1, similarity: 1 })
  expect(finder.add('坏')).toBeUndefined()
})

test('texts of every length have a signature, so the search ends', () => {
  const finder = new NearDuplicateFinder()
  for (let length = 0; length < 80; length++) finder.add('ab'.repeat(length).slice(0, length))
  expect(finder.find('a'.repeat(5000))).toBeUndefined()
})

test('a text that repeats one exactly is found as that, also where another is nearly the same', () => {
  const finder = new NearDuplicateFinder()
  const form = sentence(300)
  for (let row = 0; row < 40; row++) finder.add(`${form} ${row}`)
  for (let row = 0; row < 40; row++)
    expect(finder.find(`${form} ${row}`)).toMatchObject({ of: row, similarity: 1 })
})

test('texts that differ are never the same, whatever their shingles', () => {
  const finder = new NearDuplicateFinder()
  finder.add('a'.repeat(30))
  expect(finder.add('a'.repeat(31))!.similarity).toBeLessThan(1)
})
