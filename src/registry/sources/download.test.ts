import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { download } from './download.ts'
import { type FakeWeb, startFakeWeb } from './fake-web.contract.ts'
import type { SourceContext } from './file-tree.ts'
import { openSource } from './open-source.ts'
import { parseSource } from './source.ts'

let web: FakeWeb
let folder: string
let context: SourceContext
beforeEach(async () => {
  web = await startFakeWeb()
  folder = await mkdtemp(join(tmpdir(), 'download-'))
  const downloadsFolder = join(folder, 'downloads')
  context = {
    workFolder: await mkdtemp(join(folder, 'work-')),
    downloadsFolder,
    environment: {},
    idleMs: 300,
  }
})
afterEach(async () => {
  await web.close()
  await rm(folder, { recursive: true })
})

const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 256))
const at = (path: string): URL => new URL(path, web.url)
const out = (): string => join(folder, 'out')

describe('a download that breaks off', () => {
  it('is carried on from where it was, with no byte fetched twice or left out', async () => {
    web.files.set('/w', { bytes, etag: '"one"' })
    web.cuts.push(100_000, 50_000)
    await download({ url: at('/w') }, out(), context)
    expect(Buffer.compare(await readFile(out()), bytes)).toBe(0)
    const ranges = web.asked.map(({ range }) => Number(/\d+/.exec(range ?? '0')?.[0]))
    expect(ranges.length).toBe(3)
    expect(ranges[0]).toBe(0)
    expect(ranges[1]).toBeGreaterThan(0)
    expect(ranges[2]).toBeGreaterThan(ranges[1]!)
  })

  it('is carried on by a later process, of what an earlier one left', async () => {
    web.files.set('/w', { bytes, etag: '"one"' })
    web.cuts.push(100_000, 0, 0, 0, 0, 0)
    await expect(download({ url: at('/w') }, out(), context)).rejects.toMatchObject({
      code: 'source.unreachable',
    })
    expect((await readdir(context.downloadsFolder)).length).toBe(1)
    web.cuts.length = 0
    await download({ url: at('/w') }, out(), context)
    expect(Buffer.compare(await readFile(out()), bytes)).toBe(0)
    expect(web.asked.at(-1)?.range).toMatch(/^bytes=[1-9]/)
    expect(await readdir(context.downloadsFolder)).toEqual([])
  })

  it('begins anew where the file was replaced meanwhile, or nothing says that it was not', async () => {
    web.files.set('/w', { bytes: bytes.subarray(0, 200_000), etag: '"one"' })
    web.cuts.push(100_000)
    const loading = download({ url: at('/w') }, out(), context)
    await expect.poll(() => web.asked.length).toBe(1)
    web.files.set('/w', { bytes: bytes.toReversed(), etag: '"two"' })
    await loading
    expect(Buffer.compare(await readFile(out()), bytes.toReversed())).toBe(0)
    web.files.set('/weak', { bytes, etag: 'W/"one"' })
    web.cuts.push(100_000)
    await download({ url: at('/weak') }, join(folder, 'weak'), context)
    expect(web.asked.at(-1)?.range).toBeUndefined()
    expect(Buffer.compare(await readFile(join(folder, 'weak')), bytes)).toBe(0)
  })

  it('twice at once is fetched twice, and neither disturbs the other', async () => {
    web.files.set('/w', { bytes, etag: '"one"' })
    const both = ['a', 'b'].map((name) => download({ url: at('/w') }, join(folder, name), context))
    await Promise.all(both)
    for (const name of ['a', 'b']) expect(Buffer.compare(await readFile(join(folder, name)), bytes)).toBe(0)
  })
})

describe('a server that does not do as it says', () => {
  it('and hangs is given up, with a sentence that says so', async () => {
    web.files.set('/w', () => undefined)
    await expect(download({ url: at('/w') }, out(), context)).rejects.toThrow('it did not answer in time')
    web.files.set('/half', (_, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half')
    })
    await expect(download({ url: at('/half') }, out(), context)).rejects.toThrow('it stopped sending')
    expect(await readdir(folder)).not.toContain('out')
  }, 20_000)

  it('and sends another size than is known is refused', async () => {
    web.files.set('/w', { bytes })
    await expect(download({ url: at('/w'), sizeBytes: 5 }, out(), context)).rejects.toThrow(
      'it says that the file has 300000 bytes, expected 5',
    )
    web.files.set('/chunked', (_, response) => response.end('more than five'))
    await expect(download({ url: at('/chunked'), sizeBytes: 5 }, out(), context)).rejects.toMatchObject({
      code: expect.stringMatching(/source\.(too-large|unreachable)/),
    })
  })

  it('and redirects without end, or to plain http elsewhere, is refused', async () => {
    web.files.set('/w', (_, response) => response.writeHead(302, { location: '/w' }).end())
    await expect(download({ url: at('/w') }, out(), context)).rejects.toThrow('redirected more than 5 times')
    web.files.set('/plain', (_, response) =>
      response.writeHead(302, { location: 'http://example.org/w' }).end(),
    )
    await expect(download({ url: at('/plain') }, out(), context)).rejects.toThrow('only https is followed')
  })

  it.each([
    [404, 'source.not-found'],
    [401, 'source.forbidden'],
    [403, 'source.forbidden'],
    [400, 'source.unreachable'],
    [503, 'source.unreachable'],
  ])('and answers %d is the error %s', async (status, code) => {
    web.files.set('/w', (_, response) => response.writeHead(status).end())
    await expect(download({ url: at('/w') }, out(), context)).rejects.toMatchObject({ code })
  })
})

describe('files beside weights at an address', () => {
  it('that storage does not let anyone ask for, since they are not there, are left out', async () => {
    web.files.set('/m/config.json', { bytes: Buffer.from('{}') })
    web.files.set('/m/model.safetensors', { bytes })
    for (const name of [
      'tokenizer.json',
      'tokenizer_config.json',
      'modules.json',
      '1_Pooling/config.json',
      'LICENSE',
    ])
      web.files.set(`/m/${name}`, (_, response) => void response.writeHead(403).end())
    const tree = await openSource(parseSource(at('/m/model.safetensors').href), context)
    expect(tree.files.map(({ path }) => path)).toEqual(['config.json', 'model.safetensors'])
  })

  it('are found where the name of the weights has a percent sign that stands for itself', async () => {
    web.files.set('/m/config.json', { bytes: Buffer.from('{}') })
    const tree = await openSource(parseSource(`${web.url}m/100%.safetensors`), context)
    expect(tree.files.map(({ path }) => path)).toEqual(['config.json', '100%.safetensors'])
  })
})

it('an address shows neither password nor signature in an error', async () => {
  const url = new URL(`http://name:password@${web.url.host}/w?signature=secret`)
  const failing = download({ url }, out(), context)
  await expect(failing).rejects.toThrow(`${web.url.origin}/w`)
  await expect(failing).rejects.not.toThrow(/password|secret/)
})

describe('a hub', () => {
  const commit = 'b'.repeat(40)
  const publish = (sha: string): SourceContext => {
    const siblings = [
      { rfilename: 'model.safetensors', size: bytes.length, lfs: { sha256: sha } },
      { rfilename: '../out', size: 1 },
    ]
    const list = Buffer.from(JSON.stringify({ sha: commit, siblings }))
    web.files.set('/api/models/o/n/revision/v1', { bytes: list })
    web.files.set(`/o/n/resolve/${commit}/model.safetensors`, (_, response) =>
      response.writeHead(302, { location: `http://localhost:${web.url.port}/storage` }).end(),
    )
    web.files.set('/storage', { bytes, etag: '"x"' })
    return { ...context, environment: { HF_ENDPOINT: web.url.href, HF_TOKEN: 'hf_secret' } }
  }

  it('is shown the token, and the storage that it redirects to is not', async () => {
    const tree = await openSource(parseSource('hf:o/n@v1'), publish(sha256(bytes)))
    expect(tree.files.map(({ path }) => path)).toEqual(['model.safetensors'])
    await tree.copy('model.safetensors', out(), {})
    expect(web.asked.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/api/models/o/n/revision/v1', 'Bearer hf_secret'],
      [`/o/n/resolve/${commit}/model.safetensors`, 'Bearer hf_secret'],
      ['/storage', undefined],
    ])
  })

  it('whose file has another checksum than it says is refused, and nothing is kept', async () => {
    const tree = await openSource(parseSource('hf:o/n@v1'), publish('0'.repeat(64)))
    const copying = tree.copy('model.safetensors', out(), {})
    await expect(copying).rejects.toMatchObject({ code: 'source.checksum' })
    await expect(copying).rejects.not.toThrow('hf_secret')
    expect(await readdir(folder)).not.toContain('out')
  })

  it('that answers something else is said to', async () => {
    web.files.set('/api/models/o/n/revision/main', { bytes: Buffer.from('<html>') })
    const opening = openSource(parseSource('hf:o/n'), publish(''))
    await expect(opening).rejects.toThrow('its answer is no JSON')
  })
})

it('a part of a killed process is taken over', async () => {
  web.files.set('/w', { bytes, etag: '"one"' })
  web.cuts.push(100_000, 0, 0, 0, 0, 0)
  await expect(download({ url: at('/w') }, out(), context)).rejects.toThrow()
  const [name] = await readdir(context.downloadsFolder)
  const part = join(context.downloadsFolder, name!)
  // The largest id that a process can have is smaller.
  const abandoned = part.replace(/\.0\.part$/, '.99999999-abcd.part')
  await writeFile(abandoned, await readFile(part))
  await rm(part)
  web.cuts.length = 0
  await download({ url: at('/w') }, out(), context)
  expect(web.asked.at(-1)?.range).toMatch(/^bytes=[1-9]/)
})
