// The training thread for extraction: gets texts with spans, posts how far it is, and then the tagger as bytes.
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../../base/errors.ts'
import { readStaticEmbedding } from '../../../model/static-embedding-assets.ts'
import { fingerprint } from '../fingerprint.ts'
import { startPace } from '../pace.ts'
import type { TrainMessage } from '../training-thread.ts'
import { encodeTagger } from './artefact.ts'
import type { TaggerJob, TaggerTrained } from './extraction.ts'
import { trainTagger } from './train.ts'

const port = parentPort
assert(port, 'train.worker.ts runs in a worker thread')
const { texts, table, labelCount, seed, budgetMs } = workerData as TaggerJob
const post = (message: TrainMessage<TaggerTrained>, transfer: ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer)

let reported = 0

/** Reports each hundredth once. */
function tick(share: number): void {
  const hundredths = Math.floor(share * 100)
  if (hundredths <= reported) return
  reported = hundredths
  post({ kind: 'progress', hundredths })
}

const embedding = await readStaticEmbedding(table)
const pace = startPace(tick, budgetMs)
const trained = trainTagger(texts, embedding, { seed, pace, labelCount, network: true })
const weights = encodeTagger(trained)
const { scheme, mode, cuts, axes, findings } = trained
const result = { weights, scheme, mode, cuts, axes, findings, tableFingerprint: fingerprint(embedding) }
post({ kind: 'trained', result }, [weights.buffer as ArrayBuffer])
