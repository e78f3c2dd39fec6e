/** The admin API under `/admin`: routes with their schemas, the OpenAPI document made from them, and errors in one shape. */
import swagger from '@fastify/swagger'
import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify'
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { AppError, appError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { wireErrorBody } from '../../wire/wire-error.ts'
import { isAdminPath } from '../access/access.ts'
import { handlerError } from '../failures.ts'
import { pathOfTarget } from '../request-target.ts'
import type { AdminContext } from './admin-context.ts'
import { auditRoutes } from './audits.ts'
import { callRoutes } from './calls.ts'
import { forgetRoutes } from './forget.ts'
import { keyRoutes } from './keys.ts'
import { ledgerRoutes } from './ledger.ts'
import { pointerRoutes } from './pointer.ts'
import { specialistRoutes } from './specialists.ts'
import { taskRoutes } from './tasks.ts'

const allRoutes = [
  taskRoutes,
  specialistRoutes,
  auditRoutes,
  pointerRoutes,
  callRoutes,
  forgetRoutes,
  keyRoutes,
  ledgerRoutes,
]
const bodyLimitBytes = 2 ** 24

/** The plugin; registered with the prefix `/admin`. */
export function adminApp(context: AdminContext, log: Log): FastifyPluginAsync {
  return async (plain) => {
    const app = plain.withTypeProvider<ZodTypeProvider>()
    app.setValidatorCompiler(validatorCompiler)
    app.setSerializerCompiler(serializerCompiler)
    takeJson(plain)
    refuseOtherSpellings(plain)
    refuseOtherMethods(plain)
    app.setErrorHandler((cause, _request, reply) => {
      const error = errorOf(cause, log)
      reply.status(error.status).type('application/json').send(wireErrorBody(error))
    })
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Shoal admin API',
          version: context.version,
          description: 'Tasks, specialists, calls, corrections, keys and the ledger of one gateway.',
        },
        components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
        security: [{ key: [] }, {}],
      },
      transform: jsonSchemaTransform,
    })
    for (const routes of allRoutes) await app.register(routes(context))
    app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  }
}

/** The router decodes paths and the door, which asks for the key, does not: what the door took for a call goes no further. */
function refuseOtherSpellings(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ method, raw }) => {
    const path = pathOfTarget(raw.url ?? '')
    if (!isAdminPath(path)) throw appError('request.not-found', { method, path })
  })
}

/** A path that is there under other methods is answered with 405 and those, before anything of the body is looked at. */
function refuseOtherMethods(app: FastifyInstance): void {
  const routes: { readonly method: string; readonly pattern: RegExp }[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const pattern = new RegExp(`^${url.replace(/:\w+/g, '[^/]+').replaceAll('.', '\\.')}$`)
    for (const one of [method].flat()) routes.push({ method: one, pattern })
  })
  app.setNotFoundHandler((request) => {
    throw appError('request.not-found', { method: request.method, path: pathOfTarget(request.url) })
  })
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return
    const path = pathOfTarget(request.url)
    const allowed = routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    if (allowed.length === 0) return
    reply.header('allow', allowed.join(', '))
    throw appError('request.method', { method: request.method, path, allowed: allowed.join(', ') })
  })
}

/** Elsewhere the gateway reads no bodies by itself. */
function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: bodyLimitBytes },
    (_request, body, done) => {
      try {
        done(null, body === '' ? undefined : JSON.parse(String(body)))
      } catch (cause) {
        const problem = cause instanceof Error ? cause.message : String(cause)
        done(appError('admin.request-invalid', { problem: `the body is not JSON: ${problem}` }))
      }
    },
  )
}

/** Errors of fastify and of the schemas in the words of the table. */
function errorOf(cause: unknown, log: Log): AppError {
  if (cause instanceof AppError) return cause
  const { validation, validationContext, code, message, statusCode } = cause as Partial<FastifyError>
  if (validation) {
    const said = validation.map(({ instancePath, message: text }) => `${instancePath || '/'} ${text ?? ''}`)
    return appError('admin.request-invalid', {
      problem: `${validationContext ?? 'request'}: ${said.join('; ')}`,
    })
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return appError('request.too-large', { limit: `${bodyLimitBytes} bytes` })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return appError('admin.request-invalid', { problem: message ?? 'it was not understood' })
  return handlerError(log, undefined, cause)
}
