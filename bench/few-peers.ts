/** Logistic regression on frozen vectors and SetFit on the few rows that a bench chose, where `SHOAL_PEER_PYTHON` names a Python that has them. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { JsonObject } from '../src/base/json.ts'
import { findBase } from '../src/registry/models/base-store.ts'
import { resumableCells } from './cells.ts'
import { dataFolder, type Row } from './data/labelled-sets.ts'

/** The peers, by their scripts. */
export type FewPeer = 'frozen_regression' | 'setfit_few'

export interface PeerRows {
  readonly rows: readonly Row[]
  readonly held: readonly Row[]
  /** What the rows are, for the part that is kept. */
  readonly about: JsonObject
}

export interface PeerScores extends JsonObject {
  readonly accuracy: number
  readonly trainSeconds: number
}

const cell = resumableCells('few-peers', [])

/** What a peer makes of the rows; `undefined` where no Python is named. */
export async function fewPeer(
  peer: FewPeer,
  { rows, held, about }: PeerRows,
  seed: number,
): Promise<PeerScores | undefined> {
  const python = process.env['SHOAL_PEER_PYTHON']
  if (python === undefined) return undefined
  const script = fileURLToPath(new URL(`peers/${peer}.py`, import.meta.url))
  const digest = createHash('sha256').update(readFileSync(script)).digest('hex').slice(0, 16)
  return cell<PeerScores>({ peer, digest, seed, ...about }, async () => {
    const model = await findBase(join(process.env['SHOAL_HOME']!, 'registry'), 'minilm')
    const folder = await mkdtemp(join(tmpdir(), 'shoal-peer-'))
    try {
      const files = { rows: join(folder, 'rows.json'), held: join(folder, 'held.json') }
      await writeFile(files.rows, JSON.stringify(rows))
      await writeFile(files.held, JSON.stringify(held))
      const { stdout } = await promisify(execFile)(python, [
        ...[script, '--model', model!.folder, '--data', dataFolder(), '--seed', String(seed)],
        ...['--rows', files.rows, '--held', files.held],
      ])
      // Libraries print lines of their own before the document.
      const { accuracy, trainSeconds }: PeerScores = JSON.parse(stdout.slice(stdout.indexOf('{\n  "peer"')))
      return { accuracy, trainSeconds }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}
