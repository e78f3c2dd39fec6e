/**
 * The load of the soak: calls at fixed times whatever became of the calls before, of six kinds, each answer compared with what
 * it must say, so that one call's answer to another is found. Plain JavaScript, as it shares the cores with what is measured.
 */
import { Agent, request } from 'undici'

/** Shares of the calls; they add up to 1. */
const mix = [
  ['local', 0.4],
  ['forwarded', 0.25],
  ['streamed', 0.15],
  ['messages', 0.1],
  ['messages streamed', 0.05],
  ['cancelled', 0.05],
]

const dispatcher = new Agent({ connections: 256, keepAliveTimeout: 30_000 })
const counts = new Map()
const problems = []
let open = 0
let answeredLocally = 0
let cancelledEarly = 0

function run({ url, callsPerSecond, seconds, system, seed }) {
  const begin = performance.now()
  const gapMs = 1000 / callsPerSecond
  const total = callsPerSecond * seconds
  let sent = 0
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor((performance.now() - begin) / gapMs))
      while (sent < due) void one(url, { turn: sent++, system, seed })
      if (sent < total || open > 0) return
      clearInterval(timer)
      resolve({
        sent,
        seconds: (performance.now() - begin) / 1000,
        answeredLocally,
        cancelledEarly,
        kinds: summary(),
        problems,
      })
    }, 2)
  })
}

async function one(url, { turn, system, seed }) {
  const kind = kindOf(turn)
  const sentMs = performance.now()
  open++
  try {
    const problem = await kinds[kind](url, { id: `id-${seed}-${turn}`, turn, system })
    note(kind, performance.now() - sentMs, problem)
  } catch (cause) {
    note(kind, performance.now() - sentMs, String(cause))
  }
  open--
}

/** Spread evenly over the turns, in an order that does not repeat. */
function kindOf(turn) {
  let place = ((turn * 0.6180339887498949) % 1) + 1e-9
  for (const [kind, share] of mix) {
    if (place < share) return kind
    place -= share
  }
  return 'local'
}

function note(kind, ms, problem) {
  const count = counts.get(kind) ?? { calls: 0, failed: 0, ms: [] }
  counts.set(kind, count)
  count.calls++
  count.ms.push(ms)
  if (problem === undefined) return
  count.failed++
  if (problems.length < 50) problems.push(`${kind}: ${problem}`)
}

const kinds = {
  local: async (url, { turn, system }) => {
    const topic = turn % 12
    const text = `Message: please help me with topic-${topic} today, reference ${turn}`
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content: text },
    ]
    const answer = await post(url, '/v1/chat/completions', { model: 'big-model', messages })
    const said = JSON.parse(answer.text).choices[0].message.content
    if (String(answer.headers['x-shoal-served-by']).includes('(nano)')) answeredLocally++
    return same(said, JSON.stringify({ intent: `intent-${topic}` }))
  },
  forwarded: async (url, { id }) => {
    const answer = await post(url, '/v1/chat/completions', asked(id))
    return same(JSON.parse(answer.text).choices[0].message.content, contentOf(id))
  },
  streamed: async (url, { id }) => {
    const { text } = await post(url, '/v1/chat/completions', { ...asked(id), stream: true })
    if (!text.endsWith('data: [DONE]\n\n')) return 'no end'
    const said = datas(text.slice(0, -'data: [DONE]\n\n'.length)).map(
      (data) => data.choices[0]?.delta.content ?? '',
    )
    return same(said.join(''), contentOf(id))
  },
  messages: async (url, { id }) => {
    const answer = await post(url, '/v1/messages', asked(id))
    return same(JSON.parse(answer.text).content[0].text, contentOf(id))
  },
  'messages streamed': async (url, { id }) => {
    const { text } = await post(url, '/v1/messages', { ...asked(id), stream: true })
    const events = datas(text)
    if (events.at(-1).type !== 'message_stop') return 'no end'
    return same(events.map((data) => data.delta?.text ?? '').join(''), contentOf(id))
  },
  cancelled: async (url, { id, turn }) => {
    const controller = new AbortController()
    const path = turn % 2 === 0 ? '/v1/chat/completions' : '/v1/messages'
    const isEarly = turn % 3 === 0
    if (isEarly) {
      cancelledEarly++
      setTimeout(() => controller.abort(), 3)
    }
    try {
      const answer = await send(url, path, { ...asked(id), stream: true }, controller.signal)
      for await (const _ of answer.body) {
        controller.abort()
        break
      }
    } catch (cause) {
      if (!controller.signal.aborted) throw cause
    }
    return undefined
  },
}

function asked(id) {
  return { model: 'big-model', max_tokens: 99, messages: [{ role: 'user', content: contentOf(id) }] }
}

function contentOf(id) {
  return `Say this again, word for word: ${id} ${'and so on '.repeat(8)}${id}`
}

function datas(text) {
  return text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6))] : []))
}

function same(said, expected) {
  return said === expected
    ? undefined
    : `said ${String(said).slice(0, 80)} in place of ${expected.slice(0, 80)}`
}

function send(url, path, body, signal) {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-soak' }
  return request(url + path, { method: 'POST', headers, body: JSON.stringify(body), dispatcher, signal })
}

async function post(url, path, body) {
  const answer = await send(url, path, body)
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}: ${text.slice(0, 120)}`)
  return { text, headers: answer.headers }
}

function summary() {
  return Object.fromEntries(
    [...counts].map(([kind, { calls, failed, ms }]) => {
      ms.sort((a, b) => a - b)
      const at = (share) => Number(ms[Math.floor(ms.length * share)].toFixed(2))
      return [kind, { calls, failed, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) }]
    }),
  )
}

process.on('message', async (options) => {
  process.send(await run(options))
  await dispatcher.close()
})
