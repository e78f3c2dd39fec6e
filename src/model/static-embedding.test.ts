import { describe, expect, it } from 'vitest'
import { dominantScript } from '../text/script.ts'
import { loadStaticEmbedding } from './static-embedding.ts'
import { readStaticEmbedding } from './static-embedding-assets.ts'

/** A table file as the build script writes it. */
function tableFile(rows: readonly (readonly number[])[], scales: readonly number[]): Uint8Array {
  const dimensions = rows[0]?.length ?? 0
  const codesBytes = rows.length * dimensions
  const header = JSON.stringify({
    __metadata__: { language: 'test' },
    embedding: { dtype: 'I8', shape: [rows.length, dimensions], data_offsets: [0, codesBytes] },
    scale: { dtype: 'F32', shape: [rows.length], data_offsets: [codesBytes, codesBytes + 4 * rows.length] },
  })
  const bytes = new Uint8Array(8 + header.length + codesBytes + 4 * rows.length)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(header.length), true)
  bytes.set(new TextEncoder().encode(header), 8)
  bytes.set(Int8Array.from(rows.flat()), 8 + header.length)
  for (const [row, scale] of scales.entries())
    view.setFloat32(8 + header.length + codesBytes + 4 * row, scale, true)
  return bytes
}

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, d) => sum + value * b[d]!, 0)
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right))
}

describe('loadStaticEmbedding', () => {
  const table = tableFile(
    [
      [10, -20],
      [1, 2],
      [4, 4],
      [0, 127],
      [-128, 0],
    ],
    [0.5, 1, 0.25, 1, 2],
  )
  const embedding = loadStaticEmbedding({ table, vocabulary: 'a\nb\nc\nd\ne\n' })

  it('embeds a text as the mean of its pieces', () => {
    expect([...embedding.embed('a b')]).toEqual([3, -4])
    expect([...embedding.embed('a b c d e')]).toEqual(
      [(5 + 1 + 1 - 256) / 5, (-10 + 2 + 1 + 127) / 5].map(Math.fround),
    )
  })

  it('overwrites the target and counts the pieces', () => {
    const target = new Float32Array([7, 7])
    expect(embedding.embedInto(target, 'zzz')).toBe(0)
    expect([...target]).toEqual([0, 0])
    expect(embedding.embedInto(target, 'A, a')).toBe(2)
    expect([...target]).toEqual([5, -10])
  })

  it('keeps what the file says of itself', () => {
    expect(embedding.metadata).toEqual({ language: 'test' })
  })

  it('reads a table that lies at an odd place of a larger buffer', () => {
    const shifted = new Uint8Array(table.length + 3)
    shifted.set(table, 3)
    const again = loadStaticEmbedding({ table: shifted.subarray(3), vocabulary: 'a\nb\nc\nd\ne' })
    expect([...again.embed('a b')]).toEqual([3, -4])
  })

  it('refuses a vocabulary of another length', () => {
    expect(() => loadStaticEmbedding({ table, vocabulary: 'a\nb' })).toThrow(/5 rows and a vocabulary of 2/)
  })
})

describe.each(['en', 'zh'] as const)('the %s table', (name) => {
  const near = {
    en: ['my card has not arrived', 'still waiting for the credit card', 'the football match was great'],
    zh: ['我的银行卡还没有到', '信用卡一直没收到', '昨天的足球比赛很精彩'],
  }[name]

  it('puts texts of one meaning nearer than others', async () => {
    const embedding = await readStaticEmbedding(name)
    const [first, same, other] = near.map((text) => embedding.embed(text))
    expect(cosine(first!, same!)).toBeGreaterThan(cosine(first!, other!) + 0.1)
    expect(dominantScript(near[0]!)).toBe(name)
  })

  it('fits what a package may carry', async () => {
    const embedding = await readStaticEmbedding(name)
    expect(embedding.dimensions).toBeLessThanOrEqual(256)
    expect(embedding.pieces.size * (embedding.dimensions + 4)).toBeLessThan(8_000_000)
  })
})
