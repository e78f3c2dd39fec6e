/** Every kind of source with how it is opened. */
import type { FileTree, SourceContext } from './file-tree.ts'
import { openWeb } from './https-source.ts'
import { openHub } from './hub-source.ts'
import { openMaven } from './maven-source.ts'
import { openNpm } from './npm-source.ts'
import { openPath } from './path-source.ts'
import { openPypi } from './pypi-source.ts'
import type { Source, SourceKind, SourceOf } from './source.ts'

type Opener<Kind extends SourceKind> = (source: SourceOf<Kind>, context: SourceContext) => Promise<FileTree>

const openers: { readonly [Kind in SourceKind]: Opener<Kind> } = {
  path: openPath,
  https: openWeb,
  hf: openHub,
  npm: openNpm,
  pypi: openPypi,
  maven: openMaven,
}

/** Opens a source as a list of files; throws an error of `source.*` that says what to do. */
export function openSource<Kind extends SourceKind>(
  source: SourceOf<Kind> & { readonly kind: Kind },
  context: SourceContext,
): Promise<FileTree> {
  const open: Opener<Kind> = openers[source.kind]
  return open(source, context)
}

export type { Source }
