/**
 * `hf:OWNER/NAME`: the Hub's list of a repository's files and its addresses of them (HF_ENDPOINT, HF_TOKEN).
 * Two requests of a documented API; the official client would add a dependency and could not carry a download on.
 */

import { rm } from 'node:fs/promises'
import { z } from 'zod'
import { appError, assert } from '../../base/errors.ts'
import { leadsOutside } from './archive.ts'
import { download } from './download.ts'
import { fileSha256 } from './file-sha256.ts'
import type { FileTree, SourceContext } from './file-tree.ts'
import { type SourceOf, sourceText } from './source.ts'
import { askJson, failed, type WebRequest } from './web.ts'

const usualEndpoint = 'https://huggingface.co'

const shape = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.int().min(0).optional(),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }).nullish(),
    }),
  ),
})

/** Lists the files of a repository at the commit that its revision is at now. */
export async function openHub(source: SourceOf<'hf'>, context: SourceContext): Promise<FileTree> {
  const base = endpointOf(context)
  const at = (path: string): WebRequest => {
    const token = context.environment['HF_TOKEN']
    return { url: new URL(path, base), plainHttp: base.protocol === 'http:', ...(token && { token }) }
  }
  const list = at(
    `api/models/${source.repository}/revision/${encodeURIComponent(source.revision)}?blobs=true`,
  )
  context.progress?.({ stage: `asking for the files of ${sourceText(source)}`, done: 0 })
  const parsed = shape.safeParse(await askJson(list, context))
  if (!parsed.success) throw failed(list, 'its answer is no list of files')
  const { sha, siblings } = parsed.data
  const origin = `hf:${source.repository}@${sha}`
  const known = new Map(siblings.map((file) => [file.rfilename, file]))
  return {
    origin,
    files: siblings
      .filter(({ rfilename }) => !leadsOutside(rfilename))
      .map(({ rfilename, size }) => ({ path: rfilename, ...(size !== undefined && { sizeBytes: size }) })),
    copy: async (path, to, options) => {
      const file = known.get(path)
      assert(file, `${path} is not in the list of ${origin}`)
      const encoded = path.split('/').map(encodeURIComponent).join('/')
      const wanted = at(`${source.repository}/resolve/${sha}/${encoded}`)
      const size = file.size === undefined ? {} : { sizeBytes: file.size }
      await download({ ...wanted, ...size }, to, { ...context, ...options })
      if (!file.lfs) return
      const got = await fileSha256(to, options)
      if (got === file.lfs.sha256) return
      await rm(to)
      throw appError('source.checksum', { file: path, source: origin, got, expected: file.lfs.sha256 })
    },
    close: async () => {},
  }
}

function endpointOf({ environment }: SourceContext): URL {
  const text = environment['HF_ENDPOINT'] || usualEndpoint
  if (URL.canParse(text)) return new URL(text.endsWith('/') ? text : `${text}/`)
  throw appError('usage.invalid', {
    problem: 'HF_ENDPOINT is no address',
    hint: 'Write one such as https://hub.example.org, or unset it.',
  })
}
