/** What every source promises: a list of files that are copied byte for byte, or an error and nothing left behind. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FileTree, SourceContext } from './file-tree.ts'
import { findModel } from './model-files.ts'

/** Path → bytes of what is published. */
export type Published = ReadonlyMap<string, Uint8Array>

export interface SourceCase {
  readonly kind: string
  /** Where its files come from, as exactly as it can be said. */
  readonly origin: RegExp
  /** Publishes files in a fresh folder and gives what opens them; called once a test. */
  prepare(published: Published, folder: string): Promise<(context: SourceContext) => Promise<FileTree>>
  /** True where a package's own folder comes before each path. */
  readonly prefix?: string
}

const published: Published = new Map([
  ['config.json', Buffer.from('{"model_type":"bert"}')],
  ['tokenizer.json', Buffer.from('{}')],
  ['1_Pooling/config.json', Buffer.from('{"pooling_mode_mean_tokens":true}')],
  ['model.safetensors', Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 31) % 251))],
])

/** Runs the promises of a source. */
export function sourceContract({ kind, origin, prepare, prefix = '' }: SourceCase): void {
  describe(`a source of the kind ${kind}`, () => {
    let folder: string
    let context: SourceContext
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), `source-${kind}-`))
      const workFolder = await mkdtemp(join(folder, 'work-'))
      const environment = { ...process.env, npm_execpath: undefined }
      context = { workFolder, downloadsFolder: join(folder, 'downloads'), environment, idleMs: 2000 }
    })
    afterEach(() => rm(folder, { recursive: true }))

    it('lists a model and copies each of its files byte for byte', async () => {
      const tree = await (await prepare(published, folder))(context)
      const model = findModel(tree.files, tree.origin)
      expect(model.weights).toBe('model.safetensors')
      expect(model.files.get('model.safetensors')).toBe(`${prefix}model.safetensors`)
      for (const [name, bytes] of published) {
        const to = join(folder, 'out', name)
        await tree.copy(model.files.get(name)!, to, {})
        expect(Buffer.compare(await readFile(to), bytes)).toBe(0)
      }
      await tree.close()
    })

    it('says where it came from', async () => {
      const tree = await (await prepare(published, folder))(context)
      expect(tree.origin).toMatch(origin)
      await tree.close()
    })

    it('leaves nothing of a file whose copying is cancelled', async () => {
      const tree = await (await prepare(published, folder))(context)
      const out = await mkdtemp(join(folder, 'out-'))
      const copying = tree.copy(`${prefix}model.safetensors`, join(out, 'model.safetensors'), {
        signal: AbortSignal.abort(),
      })
      await expect(copying).rejects.toMatchObject({ code: 'cancelled' })
      expect(await readdir(out)).toEqual([])
      await tree.close()
    })
  })
}
