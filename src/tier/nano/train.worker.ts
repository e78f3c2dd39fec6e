// The training thread: gets labelled texts, posts how far it is, and then the model as bytes.
import { readStaticEmbedding } from '../../model/static-embedding-assets.ts'
import type { TableName } from '../../text/script.ts'
import { encodeModel } from './artefact.ts'
import { type LabelledTexts, prepareCorpus } from './corpus.ts'
import { fingerprint } from './fingerprint.ts'
import { startPace } from './pace.ts'
import { trainNano } from './train.ts'
import { trainingPort } from './training-port.ts'
import type { Trained, TrainJob } from './training-thread.ts'

const port = trainingPort<TrainJob, Trained>()
const { tick } = port
const { texts, table, seed, budgetMs } = port.job

const preparingShare = 0.08 // of the work
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
  port.finish(result, weights)
}

await train(texts, table)
