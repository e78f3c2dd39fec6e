import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { clientFields, fieldOf, upstreamFields } from './header-fields.ts'
import { keptBody } from './kept-body.ts'

const text = '{"a": "caf\u00e9"}'

async function kept(
  body: Uint8Array,
  headers: readonly string[],
  limitBytes = 1000,
): Promise<string | undefined> {
  const copy = keptBody(headers, { limitBytes })
  for (let at = 0; at < body.length; at += 5) copy.push(body.subarray(at, at + 5))
  return copy.text()
}

test.each([
  ['identity', Buffer.from(text)],
  ['gzip', gzipSync(text)],
  ['br', brotliCompressSync(text)],
  ['deflate', deflateSync(text)],
])('a body sent as %s is kept as its text', async (encoding, body) => {
  expect(await kept(body, ['Content-Type', 'application/json', 'Content-Encoding', encoding])).toBe(text)
})

test.each([
  ['an image', ['content-type', 'image/png']],
  ['no type', []],
  ['an unknown encoding', ['content-type', 'text/plain', 'content-encoding', 'zstd']],
  ['half a compressed body', ['content-type', 'text/plain', 'content-encoding', 'gzip']],
])('%s is kept without text', async (_, headers) => {
  expect(await kept(gzipSync(text).subarray(0, 15), headers)).toBeUndefined()
})

test('a small body that decompresses to a large one is kept without text', async () => {
  for (const [encoding, compress] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ] as const) {
    const headers = ['content-type', 'application/json', 'content-encoding', encoding]
    const bomb = compress(Buffer.alloc(1_000_000, 'a'))
    expect(bomb.length).toBeLessThan(2_000)
    expect(await kept(bomb, headers, 2_000)).toBeUndefined()
    expect(await kept(bomb, headers, 1_000_000)).toHaveLength(1_000_000)
  }
})

test('a body above the limit is kept without text', async () => {
  expect(await kept(Buffer.alloc(1001, 'a'), ['content-type', 'text/plain'])).toBeUndefined()
  expect(await kept(Buffer.alloc(1000, 'a'), ['content-type', 'text/plain'])).toHaveLength(1000)
})

const sent = ['Host', 'a', 'Authorization', 'Bearer sk-1', 'Connection', 'close, X-Hop', 'X-Hop', '1']
const more = [
  ...sent,
  'TE',
  'trailers',
  'x-shoal-task',
  't',
  'Content-Length',
  '5',
  'X-Own',
  '1',
  'X-Own',
  '2',
]

test("one hop's fields and Shoal's own do not go to the upstream, and repeated ones stay repeated", () => {
  expect(
    upstreamFields(more, { shape: 'openai', clientKey: 'kept', keepLength: true, keepEncodings: true }),
  ).toEqual(['Authorization', 'Bearer sk-1', 'Content-Length', '5', 'X-Own', '1', 'X-Own', '2'])
  expect(
    clientFields(['Set-Cookie', 'a', 'set-cookie', 'b', 'Transfer-Encoding', 'chunked'], {
      keepLength: true,
    }),
  ).toEqual(['Set-Cookie', 'a', 'set-cookie', 'b'])
})

test.each([
  [['Authorization', 'Bearer sk-client'], 'Bearer sk-client'],
  [['authorization', 'Bearer shoal'], 'Bearer sk-own'],
  [['Authorization', 'Bearer '], 'Bearer sk-own'],
  [[], 'Bearer sk-own'],
])('with %j and a key of its own the gateway sends %s', (fields, value) => {
  const out = upstreamFields(fields, {
    shape: 'openai',
    clientKey: 'kept',
    apiKey: 'sk-own',
    keepLength: false,
    keepEncodings: true,
  })
  expect(fieldOf(out, 'authorization')).toBe(value)
  expect(out.filter((field) => field.toLowerCase() === 'authorization')).toHaveLength(1)
})
