/** A gateway before one upstream for all tests of a file, as new before each of them. */
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type FakeUpstream, fakeUpstream } from './fake-upstream.ts'
import { startTestGateway, type TestGateway } from './test-gateway.ts'

/** Both, from the first test on. */
export interface OneUpstream {
  readonly upstream: FakeUpstream
  readonly gateway: TestGateway
}

/** Starts both before the file's tests and closes them afterwards; bodies may have 1 MiB. */
export function oneUpstream(): OneUpstream {
  let [upstream, gateway]: [FakeUpstream | undefined, TestGateway | undefined] = [undefined, undefined]
  beforeAll(async () => {
    upstream = await fakeUpstream()
    gateway = await startTestGateway({ upstreamUrl: upstream.url, bodyLimitBytes: 2 ** 20 })
  })
  beforeEach(() => {
    upstream!.behaviour = 'answer'
    upstream!.seen.length = 0
    gateway!.calls.length = 0
  })
  afterAll(async () => {
    await gateway?.close()
    await upstream?.close()
  })
  return {
    get upstream() {
      return upstream!
    },
    get gateway() {
      return gateway!
    },
  }
}
