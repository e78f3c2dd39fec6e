// The training thread: gets labelled texts, posts how far it is, and then the model as bytes.
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../base/errors.ts'
import { readStaticEmbedding } from '../../model/static-embedding-assets.ts'
import type { TableName } from '../../text/script.ts'
import { encodeModel } from './artefact.ts'
import { type LabelledTexts, prepareCorpus } from './corpus.ts'
import { fingerprint } from './fingerprint.ts'
import { startPace } from './pace.ts'
import { trainNano } from './train.ts'
import type { Trained, TrainJob, TrainMessage } from './training-thread.ts'

const port = parentPort
assert(port, 'train.worker.ts runs in a worker thread')
const { texts, table, seed, budgetMs } = workerData as TrainJob
const post = (message: TrainMessage<Trained>, transfer: ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer)

const preparingShare = 0.08 // of the work
let reported = 0

/** Reports each hundredth once. */
function tick(share: number): void {
  const hundredths = Math.floor(share * 100)
  if (hundredths <= reported) return
  reported = hundredths
  post({ kind: 'progress', hundredths })
}

async function train(labelled: LabelledTexts, name: TableName): Promise<void> {
  const embedding = await readStaticEmbedding(name)
  const pace = startPace((share) => tick(preparingShare + share * (1 - preparingShare)), budgetMs)
  const corpus = prepareCorpus(labelled, embedding, (share) => tick(share * preparingShare))
  const { model, findings } = trainNano(corpus, { seed, pace })
  const weights = encodeModel(model)
  const result: Trained = {
    weights,
    findings,
    mixture: model.mixture,
    ngrams: model.sparse.ngrams,
    lengths: model.sparse.lengths,
    usual: model.usual,
    vocabularySize: model.sparse.vocabulary.codes.length,
    tableFingerprint: fingerprint(embedding),
  }
  post({ kind: 'trained', result }, [weights.buffer as ArrayBuffer])
}

await train(texts, table)
