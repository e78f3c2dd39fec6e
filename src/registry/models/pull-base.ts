/** Fetches a base model: into a staging folder, checked there, then published whole. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type Clock, systemClock } from '../../base/clock.ts'
import { appError, throwIfCancelled } from '../../base/errors.ts'
import { isNoSpace, writeFileAtomic } from '../../base/files.ts'
import type { WorkOptions } from '../../base/progress.ts'
import { openSource } from '../sources/open-source.ts'
import { parseSource, type Source, sourceText } from '../sources/source.ts'
import { type Alias, aliasOf } from './aliases.ts'
import { modelFolder } from './base-layout.ts'
import { type BaseManifest, baseDigest } from './base-manifest.ts'
import { checkBaseName, makeStaging, publishBase } from './base-store.ts'
import { checkBase } from './check-base.ts'
import { licenceIn } from './licence.ts'
import { describeFiles, type StagedModel, stageModel } from './staged-files.ts'

export interface PullOptions extends WorkOptions {
  readonly registryFolder: string
  /** Where downloads that broke off wait. */
  readonly downloadsFolder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What to call it; without it the alias, or the last part of the source. */
  readonly name?: string
  /** SHA-256 that the weights file, or the archive that was fetched, must have. */
  readonly sha256?: string
  readonly clock?: Clock
  readonly idleMs?: number
}

/** Pulls an alias or a source; throws errors of `source.*`, `base.*`, `weights.*`, `model.*` and `tokenizer.*`. */
export async function pullBase(
  aliasOrSource: string,
  options: PullOptions,
): Promise<{ readonly manifest: BaseManifest; readonly folder: string }> {
  const alias = aliasOf(aliasOrSource)
  const source = parseSource(alias?.source ?? aliasOrSource)
  const name = options.name ?? (alias ? aliasOrSource : nameFor(source))
  checkBaseName(name)
  const staging = await makeStaging(options.registryFolder)
  try {
    const manifest = await stage(staging, { source, name, options, ...(alias && { alias }) })
    throwIfCancelled(options.signal, 'pulling a model')
    await publishBase(options.registryFolder, join(staging, 'model'), manifest)
    return { manifest, folder: modelFolder(options.registryFolder, manifest.digest) }
  } catch (cause) {
    throw isNoSpace(cause) ? appError('disk.full', { file: staging }, cause) : cause
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

interface Staging {
  readonly source: Source
  readonly alias?: Alias
  readonly name: string
  readonly options: PullOptions
}

async function stage(staging: string, { source, alias, name, options }: Staging): Promise<BaseManifest> {
  const [workFolder, folder] = [join(staging, 'work'), join(staging, 'model')]
  await mkdir(workFolder, { mode: 0o700 })
  await mkdir(folder, { mode: 0o700 })
  const { downloadsFolder, environment, idleMs, signal, progress, sha256 } = options
  const work = { ...(signal && { signal }), ...(progress && { progress }) }
  const tree = await openSource(source, {
    ...{ ...work, workFolder, downloadsFolder, environment },
    ...(idleMs !== undefined && { idleMs }),
  })
  try {
    const staged = await stageModel(tree, folder, {
      ...work,
      ...(alias && { alias }),
      ...(sha256 && { sha256 }),
    })
    const { parameters } = await checkBase(folder, staged.weights, { ...work, source: tree.origin })
    const manifest = await describe(folder, staged, {
      ...{ name, source: sourceText(source), origin: tree.origin, parameters, work },
      ...(alias && { alias }),
      clock: options.clock ?? systemClock,
    })
    await writeFileAtomic(join(folder, 'model.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
    return manifest
  } finally {
    await tree.close()
  }
}

async function describe(
  folder: string,
  staged: StagedModel,
  known: {
    readonly name: string
    readonly source: string
    readonly origin: string
    readonly alias?: Alias
    readonly parameters: number
    readonly work: WorkOptions
    readonly clock: Clock
  },
): Promise<BaseManifest> {
  const { name, source, origin, alias, parameters, work, clock } = known
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const names = found
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort()
  const files = await describeFiles(folder, names, work)
  const licence = alias?.licence ?? (await licenceIn(folder, names))
  return {
    format: 1,
    name,
    digest: baseDigest(files),
    kind: 'encoder',
    source,
    origin,
    ...(licence !== undefined && { licence }),
    ...(alias && { languages: [...alias.languages] }),
    pulledAt: new Date(clock.nowMs()).toISOString(),
    parameters,
    weights: staged.weights,
    ...(staged.convertedFrom !== undefined && { convertedFrom: staged.convertedFrom }),
    files,
  }
}

/** `hf:intfloat/e5-small` → `e5-small`. */
function nameFor(source: Source): string {
  return lastPart(source)
    .toLowerCase()
    .replace(/\.(safetensors\.index\.json|safetensors|onnx|zip|whl|jar|tgz|tar\.gz)$/, '')
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+/g, '')
    .slice(0, 64)
    .replaceAll(/[^a-z0-9]+$/g, '')
}

function lastPart(source: Source): string {
  switch (source.kind) {
    case 'path':
      return basename(resolve(source.path))
    case 'https':
      return basename(source.url.pathname)
    case 'hf':
      return source.repository.split('/')[1]!
    case 'npm':
    case 'pypi':
      return source.name.split('/').at(-1)!
    case 'maven':
      return source.artifact
  }
}
