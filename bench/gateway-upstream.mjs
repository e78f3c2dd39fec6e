/** A stand-in upstream: answers every chat call after a fixed time, in one piece or as a stream. Plain JavaScript, as it shares the cores with what is measured. */
import { createServer } from 'node:http'

const delayMs = 10
const pieces = 8

const answer = JSON.stringify({
  id: 'chatcmpl-standin',
  object: 'chat.completion',
  created: 1,
  model: 'big-model',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'A short answer.', refusal: null },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 400, completion_tokens: 5, total_tokens: 405 },
})
const piece = (delta, finish) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-standin', object: 'chat.completion.chunk', created: 1, model: 'big-model', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`

function stream(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(piece({ role: 'assistant', content: '' }, null))
  for (let i = 0; i < pieces; i++) response.write(piece({ content: `word ${i} ` }, null))
  response.end(`${piece({}, 'stop')}data: [DONE]\n\n`)
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString())
    setTimeout(() => {
      if (body.stream) stream(response)
      else response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    }, delayMs)
  })
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
