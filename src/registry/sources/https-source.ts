/** `https://…`: an archive, or a weights file whose configuration and tokenizer lie beside it. */
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, appError } from '../../base/errors.ts'
import { download } from './download.ts'
import { fileSha256 } from './file-sha256.ts'
import type { FileTree, SourceContext } from './file-tree.ts'
import { openFolder } from './folder-tree.ts'
import { openArchive } from './open-archive.ts'
import { type SourceOf, shownUrl } from './source.ts'

/** Files beside a weights file that are asked for; one that is not there is left out. */
const asked = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'modules.json',
  '1_Pooling/config.json',
  'LICENSE',
]

/** Downloads what is small at once, and what is large when it is copied. */
export async function openWeb({ url }: SourceOf<'https'>, context: SourceContext): Promise<FileTree> {
  const name = fileName(url)
  if (/\.(zip|whl|jar|tgz|tar\.gz)$/.test(name)) {
    const archive = join(context.workFolder, name)
    await download({ url }, archive, context)
    const tree = await openArchive(archive, shownUrl(url))
    return { ...tree, archiveSha256: await fileSha256(archive, context) }
  }
  if (/\.(safetensors|onnx)$/.test(name)) return openBeside(url, context)
  throw appError('source.no-model', {
    source: shownUrl(url),
    problem: 'the address names neither an archive (.zip, .whl, .jar, .tgz) nor a .safetensors or .onnx file',
  })
}

async function openBeside(url: URL, context: SourceContext): Promise<FileTree> {
  const folder = join(context.workFolder, 'beside')
  await mkdir(folder)
  for (const path of asked) await downloadIfThere(new URL(path, url), { folder, path }, context)
  const small = await openFolder(folder)
  const weights = fileName(url)
  return {
    origin: shownUrl(url),
    files: [...small.files, { path: weights }],
    copy: (path, to, options) =>
      path === weights ? download({ url }, to, { ...context, ...options }) : small.copy(path, to, options),
    close: () => small.close(),
  }
}

async function downloadIfThere(
  url: URL,
  place: { readonly folder: string; readonly path: string },
  context: SourceContext,
): Promise<void> {
  const temporary = join(context.workFolder, 'one-file')
  try {
    await download({ url }, temporary, context)
  } catch (cause) {
    // Storage that lists nothing says of a file that is not there that it may not be read.
    const isAbsent =
      cause instanceof AppError && (cause.code === 'source.not-found' || cause.code === 'source.forbidden')
    if (isAbsent) return
    throw cause
  }
  const to = join(place.folder, place.path)
  await mkdir(join(to, '..'), { recursive: true })
  await rename(temporary, to)
}

function fileName(url: URL): string {
  const name = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
  return decoded(name).replaceAll(/[/\\\0]/g, '_')
}

/** As it is where a percent sign in it stands for itself. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch (cause) {
    if (cause instanceof URIError) return name
    throw cause
  }
}
