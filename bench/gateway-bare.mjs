/**
 * The yardstick: a bare `node:http` server that reads and parses each body and returns the same bytes every time.
 * Plain JavaScript, since what a TypeScript loader adds to every closure would slow it.
 */
import { createServer } from 'node:http'

process.on('message', ({ fields, body }) => {
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const text = (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)).toString()
      if (!JSON.parse(text).model) throw new Error('no model')
      response.writeHead(200, fields)
      response.end(body)
    })
  })
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
})
