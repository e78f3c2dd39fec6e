// The training thread for extraction: gets texts with spans, posts how far it is, and then the tagger as bytes.
import { readStaticEmbedding } from '../../../model/static-embedding-assets.ts'
import { fingerprint } from '../fingerprint.ts'
import { startPace } from '../pace.ts'
import { trainingPort } from '../training-port.ts'
import { encodeTagger } from './artefact.ts'
import type { TaggerJob, TaggerTrained } from './extraction.ts'
import { trainTagger } from './train.ts'

const port = trainingPort<TaggerJob, TaggerTrained>()
const { texts, table, labelCount, seed, budgetMs } = port.job
const embedding = await readStaticEmbedding(table)
const pace = startPace(port.tick, budgetMs)
const trained = trainTagger(texts, embedding, { seed, pace, labelCount, network: true })
const weights = encodeTagger(trained)
const { scheme, mode, cuts, axes, findings } = trained
const result = { weights, scheme, mode, cuts, axes, findings, tableFingerprint: fingerprint(embedding) }
port.finish(result, weights)
