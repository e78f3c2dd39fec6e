/** The gateway's server: the chat endpoint straight on `node:http`, since it is on the path of every call; all else on fastify. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type AppError, appError } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import { wireErrorBody } from '../wire/wire-error.ts'
import type { HeldKey } from './access/keyring.ts'
import { adminApp } from './admin/admin-app.ts'
import { chatHandler } from './chat.ts'
import type { GatewayContext } from './context.ts'
import { handleEmbeddings } from './embeddings/embeddings.ts'
import { errorShapeOf } from './exchange.ts'
import { handlerError } from './failures.ts'
import { forwardOpaque } from './forward-opaque.ts'
import { handleModels } from './models.ts'
import { isPlainTarget, pathOfTarget } from './request-target.ts'

const chatPath = '/v1/chat/completions'
/** Longer than the keep-alive of usual clients and load balancers, so that they close first. */
const keepAliveMs = 75_000

/** A server that is not listening yet. */
export function gatewayServer(context: GatewayContext): FastifyInstance {
  const logger: FastifyBaseLogger = context.log
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    serverFactory: (handler) => chatServer(context, handler),
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setErrorHandler((cause, _request, reply) => {
    const error = handlerError(context.log, undefined, cause)
    reply.status(error.status).type('application/json').send(wireErrorBody(error))
  })
  app.setNotFoundHandler((request, reply) => {
    const { method } = request
    const path = pathOfTarget(request.url)
    const error = appError('request.not-found', { method, path })
    reply.status(error.status).type('application/json').send(wireErrorBody(error))
  })
  addProbes(app, context)
  app.get('/v1/models', { exposeHeadRoute: false }, (request, reply) => {
    reply.hijack()
    context.track(handleModels(context, request.raw, reply.raw))
  })
  app.post('/v1/embeddings', (request, reply) => {
    reply.hijack()
    context.track(handleEmbeddings(context, request.raw, reply.raw))
  })
  if (context.admin) app.register(adminApp(context.admin, context.log), { prefix: '/admin' })
  app.all('/v1/*', (request, reply) => {
    reply.hijack()
    context.track(forwardOpaque(context, request.raw, reply.raw))
  })
  return app
}

/** Listens; a port that cannot be had is a clear error. Returns the address, `http://host:port`. */
export async function listen(
  app: FastifyInstance,
  options: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await app.listen({ host: options.host, port: options.port })
  } catch (cause) {
    if (errorCodeOf(cause) === 'EADDRINUSE')
      throw appError('gateway.port-in-use', { host: options.host, port: options.port }, cause)
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw appError('gateway.cannot-listen', { host: options.host, port: options.port, problem }, cause)
  }
}

function addProbes(app: FastifyInstance, context: GatewayContext): void {
  app.get('/healthz', (_request, reply) => {
    reply.send({ status: 'ok' })
  })
  app.get('/readyz', (_request, reply) => {
    const { book } = context.tasks
    const isReady = !context.state.isClosing
    reply.status(isReady ? 200 : 503).send({
      status: isReady ? 'ready' : 'closing',
      tasks: book.ids.length,
      upstream: context.upstream?.name ?? null,
      problems: context.problems(),
    })
  })
  app.get('/metrics', async (_request, reply) => {
    reply.type(context.metrics.contentType)
    return context.metrics.text()
  })
}

function chatServer(
  context: GatewayContext,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const onChat = chatHandler(context)
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const admitted = admit(context, request)
    if (admitted instanceof Error) refuseAtTheDoor(request, response, admitted)
    else if (request.method === 'POST' && isChatPath(request.url ?? '')) onChat(request, response)
    else handler(request, response)
  }
  const server = createServer({ keepAliveTimeout: keepAliveMs }, onRequest)
  server.on('checkContinue', (request, response) => {
    const isTooLarge = Number(request.headers['content-length'] ?? 0) > context.bodyLimitBytes
    if (!isTooLarge || !isChatPath(request.url ?? '')) response.writeContinue()
    onRequest(request, response)
  })
  return server
}

/** The key that a request showed; or why it goes no further. */
function admit({ access }: GatewayContext, request: IncomingMessage): HeldKey | AppError | undefined {
  const target = request.url ?? ''
  if (isChatPath(target) || isPlainTarget(target)) return access.admit(request)
  return appError('request.not-found', { method: request.method ?? '', path: pathOfTarget(target) })
}

/** What is refused before its body is read is no call: it is answered, and the connection ends with it. */
function refuseAtTheDoor(request: IncomingMessage, response: ServerResponse, error: AppError): void {
  const body = wireErrorBody(error, errorShapeOf(request))
  response.writeHead(error.status, [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    'connection',
    'close',
    ...(error.status === 401 ? ['www-authenticate', 'Bearer'] : []),
    ...('seconds' in error.details ? ['retry-after', String(error.details['seconds'])] : []),
  ])
  response.end(body)
}

function isChatPath(url: string): boolean {
  return url === chatPath || url.startsWith(`${chatPath}?`)
}
