/** `maven:GROUP:ARTIFACT:VERSION`: the jar that Maven fetches, without what it depends on. */
import { join } from 'node:path'
import { appError } from '../../base/errors.ts'
import { runClient } from './client.ts'
import { fileSha256 } from './file-sha256.ts'
import type { FileTree, SourceContext } from './file-tree.ts'
import { onlyFile } from './only-file.ts'
import { type SourceOf, sourceText } from './source.ts'
import { openZip } from './zip-archive.ts'

/** Fetches the jar and opens it. */
export async function openMaven(source: SourceOf<'maven'>, context: SourceContext): Promise<FileTree> {
  const coordinates = `${source.group}:${source.artifact}:${source.version}`
  context.progress?.({ stage: `fetching ${sourceText(source)} with Maven`, done: 0 })
  await runClient(
    {
      programs: [['mvn']],
      args: [
        ...['--batch-mode', '--quiet', 'dependency:get', `-Dartifact=${coordinates}`, '-Dtransitive=false'],
        ...['dependency:copy', '-DoutputDirectory=.', '-Dmdep.useBaseVersion=true'],
      ],
      source: sourceText(source),
      problem: mavenProblem,
    },
    context,
  )
  const jar = await onlyFile(context.workFolder, '.jar')
  if (jar === undefined)
    throw appError('source.client-failed', {
      source: sourceText(source),
      program: 'mvn',
      problem: 'it wrote no jar',
    })
  const tree = await openZip(join(context.workFolder, jar), sourceText(source))
  return { ...tree, archiveSha256: await fileSha256(join(context.workFolder, jar), context) }
}

function mavenProblem(output: string): string {
  const line = output.split('\n').find((text) => text.startsWith('[ERROR]') && text.trim() !== '[ERROR]')
  return line?.slice('[ERROR]'.length).trim() ?? ''
}
