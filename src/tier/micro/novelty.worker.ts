// The thread that fits the distance of novelty: gets vectors, posts tensors and distances.
import { trainingPort } from '../nano/training-port.ts'
import { type FoundNovelty, type NoveltyJob, noveltyOf } from './novelty-thread.ts'

const port = trainingPort<NoveltyJob, FoundNovelty>()
const found = noveltyOf(port.job)
port.finish(found, new Uint8Array(found.distances.buffer))
