/** Versions of a task's specialist: look at them, and move the pointer that says which serves. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import { type SpecialistId, specialistId, taskId } from '../../base/ids.ts'
import type { Registry } from '../../registry/registry.ts'
import { parseCard } from '../../trust/card.ts'
import type { AdminContext } from './admin-context.ts'
import { commonErrors, serving, specialist, specialistName, taskName, versionNumber } from './schemas.ts'

const tags = ['specialists']
const byTask = z.object({ task: taskName })
const versionBody = z.strictObject({ version: versionNumber.optional() })

/** The routes, under `/admin`. */
export function specialistRoutes({ registry }: AdminContext): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/tasks/:task/specialists',
      {
        schema: {
          tags,
          summary: 'Versions of a task, the newest first',
          params: byTask,
          response: { 200: z.object({ specialists: z.array(specialist) }), ...commonErrors },
        },
      },
      async ({ params }) => {
        const id = taskId(params.task)
        const [versions, serves] = await Promise.all([registry.versions(id), registry.promoted(id)])
        const ids = versions.toReversed().map((version) => specialistId(id, version))
        return { specialists: await Promise.all(ids.map((one) => describeSpecialist(registry, one, serves))) }
      },
    )
    app.get(
      '/specialists/:specialist/card',
      {
        schema: {
          tags,
          summary: 'The card of a version',
          params: z.object({ specialist: specialistName }),
          response: { 200: z.record(z.string(), z.unknown()).describe('The card as JSON.'), ...commonErrors },
        },
      },
      async ({ params }) => {
        const id = params.specialist as SpecialistId
        const { manifest } = await registry.describe(id)
        return { ...parseCard(manifest.card, id) }
      },
    )
    app.post(
      '/tasks/:task/promote',
      {
        schema: {
          tags,
          summary: 'Lets a version serve; the newest where none is named',
          params: byTask,
          body: versionBody,
          response: { 200: serving, ...commonErrors },
        },
      },
      async ({ params, body }) => {
        const id = taskId(params.task)
        const version = body.version ?? (await registry.versions(id)).at(-1)
        if (version === undefined) throw appError('registry.no-versions', { task: id })
        await registry.promote(specialistId(id, version))
        return { task: id, serves: specialistId(id, version) }
      },
    )
    app.post(
      '/tasks/:task/rollback',
      {
        schema: {
          tags,
          summary: 'Lets the version before serve again, or the one named',
          params: byTask,
          body: versionBody,
          response: { 200: serving, ...commonErrors },
        },
      },
      async ({ params, body }) => {
        const id = taskId(params.task)
        const to = body.version === undefined ? undefined : specialistId(id, body.version)
        return { task: id, serves: (await registry.rollback(id, to)) ?? null }
      },
    )
  }
}

async function describeSpecialist(
  registry: Registry,
  id: SpecialistId,
  serves: SpecialistId | undefined,
): Promise<z.infer<typeof specialist>> {
  const { manifest } = await registry.describe(id)
  const { certificate, sizeBytes, verdict } = parseCard(manifest.card, id)
  const { risk, delta, threshold, refusal, test } = certificate
  return {
    id,
    tier: manifest.tier,
    createdAt: manifest.createdAt,
    serves: id === serves,
    sizeBytes,
    certificate: {
      risk,
      delta,
      ...(threshold !== undefined && { threshold }),
      coverage: test.coverage,
      errors: test.errors,
      ...(refusal !== undefined && { refusal }),
    },
    ...(verdict && { verdict: verdict.advice }),
  }
}
