/** `pypi:PACKAGE`: the wheel that `pip download` fetches. Source distributions are refused, since reading one runs its code. */
import { join } from 'node:path'
import { appError } from '../../base/errors.ts'
import { runClient } from './client.ts'
import { fileSha256 } from './file-sha256.ts'
import type { FileTree, SourceContext } from './file-tree.ts'
import { onlyFile } from './only-file.ts'
import { type SourceOf, sourceText } from './source.ts'
import { openZip } from './zip-archive.ts'

/** Fetches the wheel and opens it. */
export async function openPypi(source: SourceOf<'pypi'>, context: SourceContext): Promise<FileTree> {
  const spec = source.version ? `${source.name}==${source.version}` : source.name
  context.progress?.({ stage: `fetching ${sourceText(source)} with pip`, done: 0 })
  await runClient(
    {
      programs: [['pip'], ['pip3'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']],
      args: [
        ...['download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--no-input'],
        ...['--progress-bar=off', '--dest=.', spec],
      ],
      source: sourceText(source),
      problem: pipProblem,
    },
    context,
  )
  const wheel = await onlyFile(context.workFolder, '.whl')
  if (wheel === undefined)
    throw appError('source.client-failed', {
      source: sourceText(source),
      program: 'pip',
      problem: 'it wrote no wheel',
    })
  const tree = await openZip(join(context.workFolder, wheel), `pypi:${source.name}==${wheel.split('-')[1]}`)
  return { ...tree, archiveSha256: await fileSha256(join(context.workFolder, wheel), context) }
}

function pipProblem(output: string): string {
  const lines = output.split('\n').filter((line) => line.startsWith('ERROR:'))
  return lines
    .map((line) => line.slice('ERROR:'.length).trim())
    .slice(-2)
    .join('; ')
}
