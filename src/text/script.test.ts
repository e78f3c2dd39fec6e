import { describe, expect, it } from 'vitest'
import { dominantScript } from './script.ts'

describe('dominantScript', () => {
  it.each([
    ['How do I top up my card?', 'en'],
    ['我的卡还没有到，怎么办？', 'zh'],
    ['', 'en'],
    ['12:30, 50%', 'en'],
    ['😀 👍', 'en'],
    ['用 Python 写一个 function', 'zh'],
    ['The character 好 means good in Chinese', 'en'],
    ['Где моя карта?', 'en'],
    ['¿Dónde está mi tarjeta?', 'en'],
    ['這間酒店環境不錯', 'zh'],
    ['𠮷野家', 'zh'],
    ['，。！', 'en'],
  ])('reads %j with the %s table', (text, table) => {
    expect(dominantScript(text)).toBe(table)
  })
})
