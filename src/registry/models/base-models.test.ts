import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { parseSafetensors } from '../../model/weights/safetensors.ts'
import { safetensorsBytes } from '../../model/weights/safetensors-writer.ts'
import type { StoredTensor } from '../../model/weights/tensor-source.ts'
import type { OnnxTensor } from '../../onnx/message.ts'
import { encodeModel } from '../../onnx/write.ts'
import { openDiskRegistry } from '../disk-registry.ts'
import { manifestPath } from '../layout.ts'
import { artefact, mailTask } from '../registry.contract.ts'
import { stagingFolder } from './base-layout.ts'
import { findBase, findBasePlace, listBases, removeBase } from './base-store.ts'
import { baseUses } from './base-uses.ts'
import { baseOpener, pullingOpener } from './open-base.ts'
import { type PullOptions, pullBase } from './pull-base.ts'
import { tinyBaseFiles, writeFiles } from './tiny-base.contract.ts'

let folder: string
let options: PullOptions
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bases-'))
  options = {
    registryFolder: join(folder, 'registry'),
    downloadsFolder: join(folder, 'downloads'),
    environment: process.env,
  }
})
afterEach(() => rm(folder, { recursive: true }))

const published = async (seed = 0, without: readonly string[] = []): Promise<string> =>
  writeFiles(join(folder, `published-${seed}`), await tinyBaseFiles(seed), without)

/** Nothing is there, neither a model nor a part of one. */
async function expectNothing(): Promise<void> {
  expect(await listBases(options.registryFolder)).toEqual({ sound: [], damaged: [] })
  expect(await readdir(stagingFolder(options.registryFolder)).catch(() => [])).toEqual([])
}

async function tensorsOf(files: ReadonlyMap<string, Uint8Array>): Promise<Map<string, StoredTensor>> {
  const source = await parseSafetensors(files.get('model.safetensors')!, 'm')
  const tensors = new Map<string, StoredTensor>()
  for (const name of source.names) tensors.set(name, await source.read(name))
  return tensors
}

describe('a model that was pulled', () => {
  it('is listed with what is known of it, and opened by name, by digest and by the beginning of the digest', async () => {
    const { manifest } = await pullBase(await published(), { ...options, name: 'tiny' })
    expect(manifest).toMatchObject({
      name: 'tiny',
      kind: 'encoder',
      licence: 'mit',
      weights: 'model.safetensors',
    })
    const [base] = (await listBases(options.registryFolder)).sound
    expect(base).toMatchObject({ names: ['tiny'], manifest })
    for (const asked of ['tiny', manifest.digest, manifest.digest.slice(0, 8)]) {
      const opened = await baseOpener(options.registryFolder)(asked)
      expect(opened.digest).toBe(manifest.digest)
      expect(opened.config.hidden).toBe(16)
      expect(opened.tokenizer.encode('abc').ids.length).toBe(3)
      expect((await opened.tensors.read('embeddings.word_embeddings.weight')).shape).toEqual([50, 16])
      await opened.tensors.close()
    }
    expect(await readdir(stagingFolder(options.registryFolder))).toEqual([])
  })

  it('is found beside one whose manifest is damaged, which is healed by pulling it again', async () => {
    const broken = await pullBase(await published(), { ...options, name: 'broken' })
    const { manifest } = await pullBase(await published(1), { ...options, name: 'sound' })
    await writeFile(join(broken.folder, 'model.json'), '{"format": 1')
    for (const asked of ['sound', manifest.digest, manifest.digest.slice(0, 8)])
      expect((await findBase(options.registryFolder, asked))?.manifest).toEqual(manifest)
    await expect(baseOpener(options.registryFolder)('other')).rejects.toThrow('broken, sound')
    await expect(findBase(options.registryFolder, 'broken')).rejects.toThrow(
      'The base model "broken" is damaged: model.json is not as it was pulled. Remove it with `shoal models remove broken --force`',
    )
    await pullBase(join(folder, 'published-0'), { ...options, name: 'broken' })
    expect((await findBase(options.registryFolder, 'broken'))?.manifest.name).toBe('broken')
    expect(await readdir(stagingFolder(options.registryFolder))).toEqual([])
  })

  it('is listed beside those that are damaged, each of which is named and can be removed', async () => {
    const { registryFolder } = options
    const cut = await pullBase(await published(), { ...options, name: 'cut' })
    const empty = await pullBase(await published(1), { ...options, name: 'empty' })
    const { manifest } = await pullBase(await published(2), { ...options, name: 'sound' })
    await writeFile(join(cut.folder, 'model.json'), '{"format": 1')
    await rm(join(empty.folder, 'model.json'))
    const listed = await listBases(registryFolder)
    expect(listed.sound.map((base) => base.manifest)).toEqual([manifest])
    expect(listed.damaged).toMatchObject([
      { names: ['cut'], digest: cut.manifest.digest, error: { code: 'base.damaged' } },
      { names: ['empty'], digest: empty.manifest.digest, error: { code: 'base.damaged' } },
    ])
    for (const asked of ['cut', empty.manifest.digest.slice(0, 8)])
      await removeBase(registryFolder, (await findBasePlace(registryFolder, asked))!)
    expect(await listBases(registryFolder)).toMatchObject({ sound: [{ names: ['sound'] }], damaged: [] })
  })

  it('is named by the folder that a path ends in, however the path is written', async () => {
    const { manifest } = await pullBase(`${await published()}/.`, options)
    expect(manifest.name).toBe('published-0')
  })

  it('has the same digest wherever it came from, and another where a weight differs', async () => {
    const first = await pullBase(await published(), options)
    const moved = await writeFiles(join(folder, 'moved'), await tinyBaseFiles(), ['README.md'])
    const again = await pullBase(moved, { ...options, name: 'again' })
    const other = await pullBase(await published(1), options)
    expect(again.manifest.digest).toBe(first.manifest.digest)
    expect(other.manifest.digest).not.toBe(first.manifest.digest)
    expect((await listBases(options.registryFolder)).sound.map(({ names }) => names)).toEqual([
      ['again', 'published-0'],
      ['published-1'],
    ])
  })

  it('gives its name to a newer one, and stays for the specialists that need it', async () => {
    const old = await pullBase(await published(), { ...options, name: 'house' })
    const young = await pullBase(await published(1), { ...options, name: 'house' })
    expect((await findBase(options.registryFolder, 'house'))?.manifest.digest).toBe(young.manifest.digest)
    expect((await findBase(options.registryFolder, old.manifest.digest))?.names).toEqual([])
  })

  it('is found damaged when it is opened, and mended by pulling it again', async () => {
    const { manifest, folder: place } = await pullBase(await published(), { ...options, name: 'tiny' })
    const file = join(place, 'model.safetensors')
    const bytes = await readFile(file)
    bytes[bytes.length - 1]! ^= 1
    await writeFile(file, bytes)
    const open = baseOpener(options.registryFolder)
    await expect(open('tiny')).rejects.toThrow(
      'The base model "tiny" is damaged: model.safetensors is not as it was',
    )
    await pullBase(await published(), { ...options, name: 'tiny' })
    const opened = await open(manifest.digest)
    await opened.tensors.close()
  })

  it('from an ONNX file has the tensors of the safetensors file that it was exported from', async () => {
    const files = await tinyBaseFiles()
    const tensors = await tensorsOf(files)
    const initializers = [...tensors].map(
      ([name, { shape, data }]): OnnxTensor => ({
        name,
        type: 'float32',
        dims: shape,
        data: new Uint8Array(data.buffer),
      }),
    )
    const graph = { name: 'g', nodes: [], initializers, inputs: [], outputs: [] }
    const onnx = new Map(files).set('onnx/model.onnx', encodeModel({ graph, opsets: { '': 17 } }))
    await writeFiles(join(folder, 'onnx-model'), onnx, ['model.safetensors'])
    const converted = await pullBase(join(folder, 'onnx-model'), options)
    expect(converted.manifest).toMatchObject({ convertedFrom: 'model.onnx', weights: 'model.safetensors' })
    const direct = await pullBase(await published(), options)
    expect(converted.manifest.digest).toBe(direct.manifest.digest)
  })
})

describe('what is not a whole and sound model is refused, and nothing of it stays', () => {
  const refused = async (
    files: ReadonlyMap<string, Uint8Array>,
    without: readonly string[] = [],
  ): Promise<Error> => {
    const from = await writeFiles(join(folder, 'bad'), files, without)
    const error = await pullBase(from, options).then(
      () => undefined,
      (cause: unknown) => cause,
    )
    await expectNothing()
    if (error instanceof Error) return error
    throw new Error('it was pulled')
  }

  it('without a tokenizer or a configuration', async () => {
    const files = await tinyBaseFiles()
    expect((await refused(files, ['tokenizer.json'])).message).toContain(
      'it has no tokenizer.json; it has README.md, config.json',
    )
    await rm(join(folder, 'bad'), { recursive: true })
    expect((await refused(files, ['config.json', 'tokenizer.json'])).message).toContain(
      'no config.json and no tokenizer.json',
    )
  })

  it('with a tensor of another shape than the configuration says, one that is missing, or one with NaN', async () => {
    const files = new Map(await tinyBaseFiles())
    const tensors = await tensorsOf(files)
    const name = 'encoder.layer.1.output.dense.weight'
    const changed = (tensor: StoredTensor | undefined): ReadonlyMap<string, Uint8Array> => {
      const some = new Map(tensors)
      if (tensor) some.set(name, tensor)
      else some.delete(name)
      return new Map(files).set('model.safetensors', safetensorsBytes(some))
    }
    const small = await refused(changed({ shape: [2, 2], data: new Float32Array(4) }))
    expect(small.message).toContain(`"${name}" has the shape [2, 2] where config.json says [16, 32]`)
    expect((await refused(changed(undefined))).message).toContain(`no tensor "${name}"`)
    const data = Float32Array.from(tensors.get(name)!.data).fill(Number.NaN, 7, 8)
    expect((await refused(changed({ shape: [16, 32], data }))).message).toContain(
      `"${name}" holds NaN at element 7`,
    )
  })

  it('that is cut short', async () => {
    const files = new Map(await tinyBaseFiles())
    files.set('model.safetensors', files.get('model.safetensors')!.slice(0, -100))
    expect((await refused(files)).message).toMatch(/the tensor ".+" lies at .+ \(is it cut short\?\)/)
  })

  it('with another checksum than was asked for', async () => {
    const pulling = pullBase(await published(), { ...options, sha256: '0'.repeat(64) })
    await expect(pulling).rejects.toThrow(
      /model.safetensors of .+ has the SHA-256 [0-9a-f]{64}, expected 0{64}/,
    )
    await expectNothing()
  })
})

describe('pulling', () => {
  it('twice at once is safe', async () => {
    const from = await published()
    const both = await Promise.all(['a', 'b'].map((name) => pullBase(from, { ...options, name })))
    expect(both[0]!.manifest.digest).toBe(both[1]!.manifest.digest)
    expect((await listBases(options.registryFolder)).sound.map(({ names }) => names)).toEqual([['a', 'b']])
    expect(await readdir(stagingFolder(options.registryFolder))).toEqual([])
  })

  it('that is cancelled leaves nothing', async () => {
    const stop = new AbortController()
    const progress = ({ stage }: { readonly stage: string }): void => {
      if (stage === 'checking tensors') stop.abort()
    }
    const pulling = pullBase(await published(), { ...options, signal: stop.signal, progress })
    await expect(pulling).rejects.toMatchObject({ code: 'cancelled' })
    await expectNothing()
  })

  it('that is killed leaves nothing that counts, and the next clears it away', async () => {
    const from = await published()
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    const left = join(stagingFolder(options.registryFolder), `${pid}-abcdef`)
    await writeFiles(join(left, 'model'), await tinyBaseFiles(), ['config.json'])
    expect(await listBases(options.registryFolder)).toEqual({ sound: [], damaged: [] })
    await pullBase(from, options)
    expect(await readdir(stagingFolder(options.registryFolder))).toEqual([])
  })
})

describe('removing', () => {
  it('takes the model and its names away, and says which specialists were trained on it', async () => {
    const { manifest } = await pullBase(await published(), { ...options, name: 'tiny' })
    const registry = openDiskRegistry(options.registryFolder)
    const trainedOn = { ...artefact(1), meta: { model: { base: { name: 'tiny', digest: manifest.digest } } } }
    await registry.publish(mailTask, trainedOn, () => null)
    const { uses } = await baseUses(options.registryFolder, registry)
    expect(uses.get(manifest.digest)).toEqual(['mail@1'])
    await removeBase(options.registryFolder, (await findBase(options.registryFolder, 'tiny'))!)
    await expectNothing()
    expect(await findBase(options.registryFolder, 'tiny')).toBeUndefined()
  })

  it('is told of specialists whose manifest is damaged, beside the others', async () => {
    const registry = openDiskRegistry(options.registryFolder)
    const digest = sha256('a base')
    const trainedOn = { ...artefact(1), meta: { reader: { base: { name: 'tiny', digest } } } }
    for (const _ of [1, 2]) await registry.publish(mailTask, trainedOn, () => null)
    await writeFile(manifestPath(options.registryFolder, mailTask.id, 1), '{')
    const { uses, unreadable } = await baseUses(options.registryFolder, registry)
    expect({ uses: uses.get(digest), unreadable }).toEqual({ uses: ['mail@2'], unreadable: ['mail@1'] })
  })
})

describe('a model that is not there', () => {
  it('is an error that names it and the command', async () => {
    const open = baseOpener(options.registryFolder)
    await expect(open('minilm')).rejects.toThrow('Fetch it with `shoal models pull minilm`')
    await pullBase(await published(), { ...options, name: 'tiny' })
    await expect(open('unknown')).rejects.toThrow(
      'There is no base model "unknown" here. Those that are: tiny.',
    )
    const digest = sha256('no such model')
    await expect(open({ name: 'minilm', digest })).rejects.toThrow(
      `trained on the base model "minilm" (${digest.slice(0, 12)}), which is no longer on this machine. Fetch it again with \`shoal models pull minilm\``,
    )
    await expect(pullingOpener(options)('unknown')).rejects.toMatchObject({ code: 'base.unknown' })
  })
})
