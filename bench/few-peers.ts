/** Logistic regression on frozen vectors and SetFit on the few rows that a bench chose, where `SHOAL_PEER_PYTHON` names a Python that has them. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../src/base/json.ts'
import { resumableCells } from './cells.ts'
import type { Row } from './data/labelled-sets.ts'
import { runPeer } from './run-peer.ts'

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
  if (process.env['SHOAL_PEER_PYTHON'] === undefined) return undefined
  const script = readFileSync(new URL(`peers/${peer}.py`, import.meta.url))
  const digest = createHash('sha256').update(script).digest('hex').slice(0, 16)
  return cell<PeerScores>({ peer, digest, seed, ...about }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-peer-'))
    try {
      const files = { rows: join(folder, 'rows.json'), held: join(folder, 'held.json') }
      await writeFile(files.rows, JSON.stringify(rows))
      await writeFile(files.held, JSON.stringify(held))
      const { accuracy, trainSeconds } = await runPeer<PeerScores>(`${peer}.py`, [
        ...['--seed', String(seed), '--rows', files.rows, '--held', files.held],
      ])
      return { accuracy, trainSeconds }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}
