/**
 * The load: connections that are kept alive and each send the next request when the last answer is complete.
 * `sockets` writes prepared bytes straight to `node:net`, so that it takes as little as it can of the cores it shares with
 * what is measured (about 9 µs a call); `undici` is what a Node program's calls cost (about 25 µs). Plain JavaScript.
 */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { Pool } from 'undici'

const headEnd = Buffer.from('\r\n\r\n')

/** One slice: `seconds` of load on a port; says how many answers came, which of them were local, and how long they took. */
function run({ kind, port, seconds, connections, bodies }) {
  const drive = kind === 'undici' ? driveUndici(port, connections) : driveSocket
  const requests = kind === 'undici' ? bodies : bodies.map((body) => requestFor(port, body))
  const state = { next: 0, answers: 0, local: 0, failed: 0, latenciesMs: [], isOver: false }
  const begin = performance.now()
  return new Promise((resolve) => {
    let open = connections
    const onEnd = () => {
      open--
      if (open > 0) return
      const tookSeconds = (performance.now() - begin) / 1000
      resolve(summary(state, tookSeconds))
    }
    for (let i = 0; i < connections; i++) drive(port, requests, state, onEnd)
    setTimeout(() => {
      state.isOver = true
    }, seconds * 1000)
  })
}

function requestFor(port, body) {
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer sk-bench\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
  return Buffer.from(head + body)
}

function driveSocket(port, requests, state, onEnd) {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  let held
  let sentAt = 0
  const send = () => {
    if (state.isOver) {
      socket.destroy()
      onEnd()
      return
    }
    sentAt = performance.now()
    socket.write(requests[state.next++ % requests.length])
  }
  socket.on('connect', send)
  socket.on('data', (chunk) => {
    const bytes = held ? Buffer.concat([held, chunk]) : chunk
    const end = bytes.indexOf(headEnd)
    const head = end < 0 ? '' : bytes.latin1Slice(0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN)
    if (end < 0 || bytes.length < end + 4 + length) {
      held = bytes
      return
    }
    held = undefined
    if (!head.startsWith('HTTP/1.1 200') || Number.isNaN(length)) state.failed++
    state.answers++
    if (head.includes('(nano)')) state.local++
    if (state.answers % 8 === 0) state.latenciesMs.push(performance.now() - sentAt)
    send()
  })
  socket.on('error', () => {
    state.failed++
    onEnd()
  })
}

function driveUndici(port, connections) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections })
  const headers = { authorization: 'Bearer sk-bench', 'content-type': 'application/json' }
  return async (_port, requests, state, onEnd) => {
    while (!state.isOver) {
      const sentAt = performance.now()
      const body = requests[state.next++ % requests.length]
      const answer = await pool.request({ method: 'POST', path: '/v1/chat/completions', headers, body })
      await answer.body.text()
      if (answer.statusCode !== 200) state.failed++
      state.answers++
      if (String(answer.headers['x-shoal-served-by']).includes('(nano)')) state.local++
      if (state.answers % 8 === 0) state.latenciesMs.push(performance.now() - sentAt)
    }
    onEnd()
    if (pool.stats.running === 0) await pool.close()
  }
}

function summary({ answers, local, failed, latenciesMs }, seconds) {
  latenciesMs.sort((a, b) => a - b)
  const at = (share) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? null
  return { answers, local, failed, seconds, perSecond: answers / seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}

process.on('message', async ({ bodiesFile, ...slice }) => {
  const bodies = readFileSync(bodiesFile, 'utf8').trimEnd().split('\n')
  process.send(await run({ ...slice, bodies }))
})
