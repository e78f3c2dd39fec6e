/** `npm:PACKAGE`: what `npm pack` fetches. Nothing of it is installed and no script of it runs. */
import { join } from 'node:path'
import { appError } from '../../base/errors.ts'
import { runClient } from './client.ts'
import { fileSha256 } from './file-sha256.ts'
import type { FileTree, SourceContext } from './file-tree.ts'
import { onlyFile } from './only-file.ts'
import { type SourceOf, sourceText } from './source.ts'
import { openTar } from './tar-archive.ts'

/** Fetches the package and opens its archive. */
export async function openNpm(source: SourceOf<'npm'>, context: SourceContext): Promise<FileTree> {
  const spec = source.version ? `${source.name}@${source.version}` : source.name
  context.progress?.({ stage: `fetching ${sourceText(source)} with npm`, done: 0 })
  const script = npmScript(context.environment)
  await runClient(
    {
      programs: script === undefined ? [['npm']] : [[process.execPath, script]],
      args: ['pack', spec, '--ignore-scripts', '--loglevel=error', '--pack-destination=.'],
      source: sourceText(source),
      problem: npmProblemIn,
    },
    context,
  )
  const archive = await onlyFile(context.workFolder, '.tgz')
  if (archive === undefined)
    throw appError('source.client-failed', {
      source: sourceText(source),
      program: 'npm',
      problem: 'it wrote no archive',
    })
  const version = /-(\d[^-]*(?:-.*)?)\.tgz$/.exec(archive)?.[1] ?? source.version
  const tree = await openTar(
    join(context.workFolder, archive),
    `npm:${source.name}${version ? `@${version}` : ''}`,
  )
  return { ...tree, archiveSha256: await fileSha256(join(context.workFolder, archive), context) }
}

/** npm's own script, where npm runs this process: pnpm and yarn name theirs by the same variable. */
export function npmScript(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const script = environment['npm_execpath']
  return script !== undefined && /(^|[/\\])npm-cli\.js$/.test(script) ? script : undefined
}

/** Why npm failed, in its own words; empty where it said nothing. */
export function npmProblemIn(output: string): string {
  return output
    .split('\n')
    .filter((line) => line.startsWith('npm error') && !line.includes('A complete log'))
    .map((line) => line.slice('npm error'.length).trim())
    .filter((line) => line !== '')
    .slice(0, 3)
    .join('; ')
}
