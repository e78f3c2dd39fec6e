/**
 * A stand-in upstream for the soak: repeats the last message, as both APIs would, in one piece or as a stream; of the task's
 * own calls it says the label, so that audits find the specialist right. Plain JavaScript, as it shares the cores.
 */
import { createServer } from 'node:http'

const delayMs = { least: 5, spread: 20 }
const pieceMs = 4

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const asked = JSON.parse(Buffer.concat(chunks).toString())
    const last = asked.messages.at(-1).content
    const topic = /^Message: .*\btopic-(\d+)\b/.exec(last)?.[1]
    const text = topic === undefined ? last : JSON.stringify({ intent: `intent-${topic}` })
    const isChat = request.url.endsWith('/chat/completions')
    setTimeout(
      () => {
        if (response.destroyed) return
        if (asked.stream) stream(response, isChat ? chatPieces(text, asked) : messagePieces(text))
        else
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify(isChat ? completion(text) : message(text)))
      },
      delayMs.least + Math.random() * delayMs.spread,
    )
  })
})

function stream(response, pieces) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let at = 0
  const next = () => {
    if (response.destroyed) return
    response.write(pieces[at++])
    if (at === pieces.length) response.end()
    else setTimeout(next, pieceMs)
  }
  next()
}

const head = { id: 'chatcmpl-soak', created: 1, model: 'big-model' }
const usage = { prompt_tokens: 40, completion_tokens: 10, total_tokens: 50 }

function completion(content) {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
  return { ...head, object: 'chat.completion', choices, usage }
}

function chatPieces(text, asked) {
  const event = (rest) => `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...rest })}\n\n`
  const delta = (given, finish = null) =>
    event({ choices: [{ index: 0, delta: given, finish_reason: finish }] })
  return [
    delta({ role: 'assistant', content: '' }),
    ...thirds(text).map((content) => delta({ content })),
    delta({}, 'stop'),
    ...(asked.stream_options?.include_usage ? [event({ choices: [], usage })] : []),
    'data: [DONE]\n\n',
  ]
}

function message(text) {
  return {
    id: 'msg_soak',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 40, output_tokens: 10 },
  }
}

function messagePieces(text) {
  const event = (type, rest) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`
  return [
    event('message_start', { message: { ...message(''), content: [], stop_reason: null } }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...thirds(text).map((part) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: part } }),
    ),
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 10 } }),
    event('message_stop', {}),
  ]
}

function thirds(text) {
  const size = Math.ceil(text.length / 3)
  return [text.slice(0, size), text.slice(size, 2 * size), text.slice(2 * size)].filter((part) => part !== '')
}

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
