/** Versions of a task's specialist, and their cards. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type SpecialistId, specialistId, taskId } from '../../base/ids.ts'
import type { Registry } from '../../registry/registry.ts'
import { parseCard } from '../../trust/card.ts'
import type { CertifiedStage } from '../../trust/certificate.ts'
import type { AdminContext } from './admin-context.ts'
import { commonErrors, specialist, specialistName, taskName } from './schemas.ts'

const tags = ['specialists']
const byTask = z.object({ task: taskName })

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
  }
}

async function describeSpecialist(
  registry: Registry,
  id: SpecialistId,
  serves: SpecialistId | undefined,
): Promise<z.infer<typeof specialist>> {
  const { manifest } = await registry.describe(id)
  const { certificate, sizeBytes, verdict } = parseCard(manifest.card, id)
  const { risk, delta, threshold, refusal, test, stages } = certificate
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
      ...(stages && { stages: stages.map(stageShown) }),
    },
    ...(verdict && { verdict: verdict.advice }),
  }
}

function stageShown({ specialist: id, threshold, test: { n, errors } }: CertifiedStage) {
  return { specialist: id, n, errors, ...(threshold !== undefined && { threshold }) }
}
