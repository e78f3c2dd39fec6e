import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSafetensors, parseSafetensors } from './safetensors.ts'
import { safetensorsBytes, writeSafetensors } from './safetensors-writer.ts'
import { type StoredTensor, tensorsInMemory } from './tensor-source.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'))
})
afterAll(() => rm(folder, { recursive: true }))

function tensor(shape: readonly number[], values: readonly number[]): StoredTensor {
  return { shape, data: Float32Array.from(values) }
}

/** A file as its header's text and its data's bytes say, however wrong. */
function file(header: string, data: Uint8Array | number, saidLength?: number): Uint8Array {
  const json = new TextEncoder().encode(header)
  const bytes = typeof data === 'number' ? new Uint8Array(data) : data
  const out = new Uint8Array(8 + json.length + bytes.length)
  new DataView(out.buffer).setBigUint64(0, BigInt(saidLength ?? json.length), true)
  out.set(json, 8)
  out.set(bytes, 8 + json.length)
  return out
}

const entry = (dtype: string, shape: readonly number[], begin: number, end: number): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] })

async function readOne(dtype: string, shape: readonly number[], data: Uint8Array): Promise<number[]> {
  const source = await parseSafetensors(file(`{"w":${entry(dtype, shape, 0, data.length)}}`, data), 'm')
  return [...(await source.read('w')).data]
}

describe('what is written', () => {
  it('is read again with the same names, shapes and bits', async () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), shapes, { maxKeys: 5 }), async (wanted) => {
        const tensors = new Map(
          Object.entries(wanted).map(([name, shape]) => {
            const size = shape.reduce((a, b) => a * b, 1)
            return [
              name,
              tensor(
                shape,
                Array.from({ length: size }, (_, at) => at - 0.1),
              ),
            ]
          }),
        )
        const source = await parseSafetensors(safetensorsBytes(tensors), 'm')
        expect(source.names).toEqual([...tensors.keys()].sort())
        for (const [name, given] of tensors) expect(await source.read(name)).toEqual(given)
      }),
      { numRuns: 100 },
    )
  })

  it('is the same from memory and into a file, whatever the order of the tensors', async () => {
    const [a, b] = [tensor([2], [1, 2]), tensor([], [3])]
    const path = join(folder, 'order.safetensors')
    await writeSafetensors(
      path,
      tensorsInMemory(
        new Map([
          ['b', b],
          ['a', a],
        ]),
      ),
      {},
    )
    const source = await openSafetensors(path)
    expect(await source.read('a')).toEqual(a)
    expect(source.shapeOf('b')).toEqual([])
    await source.close()
    expect(new Uint8Array(await readFile(path))).toEqual(
      safetensorsBytes(
        new Map([
          ['a', a],
          ['b', b],
        ]),
      ),
    )
  })
})

describe('element types', () => {
  it('become float32 exactly', async () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x8001, 0x7bff, 0x0400, 0x0000])
    expect(await readOne('F16', [7], new Uint8Array(halves.buffer))).toEqual([
      1,
      -2,
      2 ** -24,
      -(2 ** -24),
      65504,
      2 ** -14,
      0,
    ])
    const brains = new Uint16Array([0x3f80, 0xc000, 0x4049])
    expect(await readOne('BF16', [3], new Uint8Array(brains.buffer))).toEqual([1, -2, 3.140625])
    expect(await readOne('I64', [2], new Uint8Array(new BigInt64Array([511n, -1n]).buffer))).toEqual([
      511, -1,
    ])
    expect(await readOne('I32', [1], new Uint8Array(new Int32Array([7]).buffer))).toEqual([7])
    expect(await readOne('I8', [1], new Uint8Array([255]))).toEqual([-1])
    expect(await readOne('U8', [1], new Uint8Array([255]))).toEqual([255])
  })

  it('are refused where float32 cannot hold a number, or where they are not known', async () => {
    const large = new Uint8Array(new BigInt64Array([2n ** 24n + 1n]).buffer)
    await expect(readOne('I64', [1], large)).rejects.toThrow('"w" holds I64 numbers that float32 cannot hold')
    await expect(readOne('F8_E4M3', [1], new Uint8Array(1))).rejects.toThrow(
      '"w" is of type "F8_E4M3"; read are F32',
    )
  })
})

describe('a file that lies is an error that says where', () => {
  const f32 = (begin: number, end: number, shape = [(end - begin) / 4]): string =>
    entry('F32', shape, begin, end)
  const lies: readonly (readonly [what: string, bytes: Uint8Array, problem: string])[] = [
    ['is shorter than a length', new Uint8Array(7), 'it has 7 bytes'],
    ['has a header longer than the file', file('{}', 0, 99), 'says to be 99 bytes long, in a file of 10'],
    ['has a header over 100 MB', file('{}', 0, 100_000_001), 'more than 100000000'],
    ['has a header length beyond 2^53', new Uint8Array(16).fill(255), 'more than 100000000'],
    ['has a header that is no JSON', file('{"w":', 0), 'no JSON object'],
    ['has a header that is no UTF-8', file('{"\u0001', new Uint8Array([0xff]), 4), 'no UTF-8'],
    ['says offsets outside', file(`{"w":${f32(0, 8)}}`, 4), '"w" lies at [0, 8], outside of the 4 bytes'],
    ['says offsets backwards', file(`{"w":${entry('F32', [1], 4, 0)}}`, 4), '"w" lies at [4, 0]'],
    ['says negative offsets', file(`{"w":${entry('F32', [1], -4, 0)}}`, 4), '"w" has the offsets [-4,0]'],
    ['says a negative shape', file(`{"w":${entry('F32', [-1], 0, 4)}}`, 4), '"w" has the shape [-1]'],
    [
      'says a size that overflows',
      file(`{"w":${entry('F32', [2 ** 40, 2 ** 40], 0, 4)}}`, 4),
      '"w" has 4 bytes',
    ],
    [
      'has bytes that do not fit the shape',
      file(`{"w":${f32(0, 8, [3])}}`, 8),
      '"w" has 8 bytes, but F32 [3] takes 12',
    ],
    ['has tensors that overlap', file(`{"a":${f32(0, 8)},"b":${f32(4, 12)}}`, 12), '"b" overlaps "a"'],
    ['has a tensor on another', file(`{"a":${f32(0, 8)},"b":${f32(0, 8)}}`, 8), '"b" overlaps "a"'],
    [
      'has a gap',
      file(`{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12),
      '"b" begins 4 bytes after the end of "a"',
    ],
    ['has bytes of no tensor', file(`{"a":${f32(0, 4)}}`, 8), '4 bytes at its end belong to no tensor'],
    [
      'names a tensor twice',
      file(`{"a":${f32(0, 4)},"b":${f32(4, 8)},"\\u0061":${f32(4, 8)}}`, 8),
      '"a" is named twice',
    ],
    ['describes a tensor by a list', file('{"a":[]}', 0), '"a" is described by no JSON object'],
  ]
  it.each(lies)('%s', async (_, bytes, problem) => {
    await expect(parseSafetensors(bytes, 'model.safetensors')).rejects.toThrow(problem)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('holds %d', async (value) => {
    const source = await parseSafetensors(safetensorsBytes(new Map([['w', tensor([3], [1, value, 2])]])), 'm')
    await expect(source.read('w')).rejects.toThrow(`"w" holds ${value} at element 1`)
  })

  it('became shorter after it was opened', async () => {
    const path = join(folder, 'cut.safetensors')
    await writeFile(path, safetensorsBytes(new Map([['w', tensor([4], [1, 2, 3, 4])]])))
    const source = await openSafetensors(path)
    await truncate(path, (await stat(path)).size - 4)
    await expect(source.read('w')).rejects.toThrow('"w" is cut short')
    await source.close()
  })

  it('has no such tensor', async () => {
    const source = await parseSafetensors(safetensorsBytes(new Map([['x.q.weight', tensor([1], [1])]])), 'm')
    await expect(async () => source.read('y.q.weight')).rejects.toThrow(
      'no tensor "y.q.weight". It has 1, among them x.q.weight',
    )
  })
})

describe('several files with an index', () => {
  const write = async (name: string, map: Record<string, string>): Promise<string> => {
    await writeFile(join(folder, 'one.safetensors'), safetensorsBytes(new Map([['a', tensor([1], [1])]])))
    await writeFile(join(folder, 'two.safetensors'), safetensorsBytes(new Map([['b', tensor([1], [2])]])))
    const path = join(folder, `${name}.safetensors.index.json`)
    await writeFile(path, JSON.stringify({ weight_map: map }))
    return path
  }

  it('are one source', async () => {
    const source = await openSafetensors(await write('good', { b: 'two.safetensors', a: 'one.safetensors' }))
    expect(source.names).toEqual(['a', 'b'])
    expect((await source.read('b')).data).toEqual(Float32Array.of(2))
    await source.close()
  })

  it('are refused where the index and the shards differ', async () => {
    const wrong = await write('wrong', { a: 'one.safetensors', b: 'one.safetensors' })
    await expect(openSafetensors(wrong)).rejects.toThrow('one.safetensors has no tensor "b"')
    const outside = await write('outside', { a: '../one.safetensors' })
    await expect(openSafetensors(outside)).rejects.toThrow('"a" is said to lie in "../one.safetensors"')
  })
})
