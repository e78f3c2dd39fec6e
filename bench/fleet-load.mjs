/**
 * A load that does not wait for answers: calls leave at moments fixed beforehand (exponential gaps), and each latency
 * counts from the moment the call was due, so that a gateway that stands still delays all that came meanwhile.
 * Plain JavaScript in a process of its own.
 */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'

/** Tasks that are called while the process itself is still new, whose answers do not count. */
const warmTasks = 20

/** Numbers of 0..1 by mulberry32; the same for the same seed. */
function randomOf(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Due moments, ms, and the task of each call: by Zipf's law with exponent 1 over tasks in random order. */
function planOf({ seed, perSecond, seconds }, taskCount) {
  const random = randomOf(seed)
  const order = Array.from({ length: taskCount }, (_, at) => at)
  for (let at = taskCount - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    ;[order[at], order[other]] = [order[other], order[at]]
  }
  const sums = []
  let sum = 0
  for (let rank = 1; rank <= taskCount; rank++) {
    sum += 1 / rank
    sums.push(sum)
  }
  const plan = []
  for (let due = 0; due < seconds * 1000; due += (-Math.log(1 - random()) * 1000) / perSecond) {
    const place = random() * sums.at(-1)
    let [low, high] = [0, taskCount - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (sums[middle] < place) low = middle + 1
      else high = middle
    }
    plan.push({ due, task: order[low] })
  }
  return plan
}

async function run({ port, callsFile, ...load }) {
  const calls = JSON.parse(readFileSync(callsFile, 'utf8'))
  const plan = planOf(load, calls.length)
  const dispatcher = new Agent({ connections: 64 })
  const headers = { authorization: 'Bearer sk-bench', 'content-type': 'application/json' }
  const url = `http://127.0.0.1:${port}/v1/chat/completions`
  const asked = new Uint32Array(calls.length)
  const results = []
  const open = new Set()
  const ask = async (start, { due, task }) => {
    const times = asked[task]++
    const body = calls[task][times % calls[task].length]
    const result = { isFirst: times === 0, local: false, ok: false, ms: 0 }
    results.push(result)
    try {
      const answer = await request(url, { method: 'POST', headers, body, dispatcher })
      await answer.body.text()
      result.ok = answer.statusCode === 200
      result.local = String(answer.headers['x-shoal-served-by']).includes('(nano)')
      result.reason = String(answer.headers['x-shoal-reason'])
    } catch (cause) {
      result.reason = String(cause)
    }
    result.ms = performance.now() - start - due
  }
  const drive = async (some) => {
    const start = performance.now() + 100
    for (const one of some) {
      const wait = start + one.due - performance.now()
      if (wait > 0.5) await new Promise((done) => setTimeout(done, wait))
      const work = ask(start, one).finally(() => open.delete(work))
      open.add(work)
    }
    await Promise.all(open)
  }
  await drive(planOf({ ...load, seconds: load.warmUpSeconds }, warmTasks))
  results.length = 0
  await drive(plan)
  await dispatcher.close()
  return results
}

process.on('message', async (load) => process.send(await run(load)))
