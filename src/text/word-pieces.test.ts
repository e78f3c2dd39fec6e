import { describe, expect, it } from 'vitest'
import { createWordPieces, forEachWord } from './word-pieces.ts'

function wordsOf(text: string): string[] {
  const words: string[] = []
  forEachWord(text, (word) => words.push(word))
  return words
}

describe('forEachWord', () => {
  it.each([
    ["I can't top-up!", ['i', 'can', "'", 't', 'top', '-', 'up', '!']],
    ['  Café\tNAÏVE ', ['cafe', 'naive']],
    ['€5 + $3.20', ['€', '5', '+', '$', '3', '.', '20']],
    ['我的card丢了。', ['我的', 'card', '丢了', '。']],
    ['so 😀👍🏽', ['so', '😀', '👍', '🏽']],
    ['𠮷野家', ['𠮷野家']],
    ['Где карта', ['где', 'карта']],
    ['!!', ['!', '!']],
    ['', []],
    [' \n ', []],
  ])('cuts %j into words', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  it('survives halves of surrogate pairs', () => {
    expect(wordsOf('a\ude00b \ud83d')).toBeDefined()
  })
})

describe('createWordPieces', () => {
  const vocabulary = ['top', '##up', '##u', '##p', 'to', '我', '我的', '卡', '?', 'a']
  const pieces = createWordPieces(vocabulary, { cacheSize: 2 })
  const named = (text: string) => Array.from(pieces.idsOf(text), (id) => vocabulary[id])

  it('takes the longest piece that fits, then the longest that continues it', () => {
    expect(named('Topup?')).toEqual(['top', '##up', '?'])
    expect(named('toup')).toEqual(['to', '##up'])
  })

  it('gives a word nothing when a part of it is unknown', () => {
    expect(named('topx top')).toEqual(['top'])
  })

  it('reads Han words before characters and passes over unknown ones', () => {
    expect(named('我的卡我龘卡')).toEqual(['我的', '卡', '我', '卡'])
  })

  it('gives nothing for strings too long to be a word', () => {
    expect(named('a'.repeat(101))).toEqual([])
  })

  it('answers the same after its memory was full', () => {
    const before = named('top topup to a top')
    expect(named('top topup to a top')).toEqual(before)
  })
})
