/** The gateway that a crash test kills: real recorder, real store, a specialist that is a function. Run as a process of its own. */
import { createLog } from '../../src/base/log.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { priceTable } from '../../src/meter/prices.ts'
import { taskBook } from '../../src/route/recognise.ts'
import { maskedText } from '../../src/text/masking.ts'
import { startRecorder } from '../../src/trace/recorder.ts'
import { mailTask, testSpecialist, testUpstreams } from './test-gateway.ts'

const [storeFile, upstream, durability] = process.argv.slice(2)
if (!storeFile || !upstream) throw new Error('usage: crash-gateway STORE UPSTREAM group|strict')
const task = mailTask()
const recorder = await startRecorder({ storeFile, prices: priceTable() })
const gateway = createGateway({
  host: '127.0.0.1',
  port: 0,
  upstreams: testUpstreams([{ url: new URL(upstream), connectTimeoutMs: 2_000, silenceTimeoutMs: 5_000 }], {
    answerTimeoutMs: 5_000,
  }),
  recorder,
  tasks: {
    book: taskBook([{ task, specialists: [testSpecialist(task)] }]),
    problems: [],
    counts: { loaded: 0, sizeBytes: 0, loads: 0, failures: 0, evictions: 0 },
  },
  mask: maskedText,
  log: createLog({ level: 'warn' }),
  durability: durability === 'strict' ? 'strict' : 'group',
  localAnswers: true,
  bodyLimitBytes: 2 ** 20,
  keptLimitBytes: 2 ** 20,
  maxForwarding: 1_000,
  shutdownMs: 1_000,
})
process.send?.(await gateway.listen())
