/** Tasks and their specialists: look at them, set them, move the pointer that says which version serves. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import { type ModelName, type SpecialistId, specialistId, taskId } from '../../base/ids.ts'
import type { Registry } from '../../registry/registry.ts'
import type { Task } from '../../task/types.ts'
import { parseCard } from '../../trust/card.ts'
import type { AdminContext } from './admin-context.ts'
import {
  commonErrors,
  serving,
  specialist,
  specialistName,
  task,
  taskChange,
  taskName,
  versionNumber,
} from './schemas.ts'

const tags = ['tasks']
const byTask = z.object({ task: taskName })
const versionBody = z.strictObject({ version: versionNumber.optional() })

/** The routes, under `/admin`. */
export function taskRoutes({ store, registry }: AdminContext): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/tasks',
      {
        schema: {
          tags,
          summary: 'All tasks',
          response: { 200: z.object({ tasks: z.array(task) }), ...commonErrors },
        },
      },
      async () => {
        const tasks = await store.tasks.list()
        return { tasks: await Promise.all(tasks.map((one) => describeTask(registry, one))) }
      },
    )
    app.get(
      '/tasks/:task',
      { schema: { tags, summary: 'One task', params: byTask, response: { 200: task, ...commonErrors } } },
      async ({ params }) => describeTask(registry, await knownTask(store, params.task)),
    )
    app.patch(
      '/tasks/:task',
      {
        schema: {
          tags,
          summary: 'Pauses, resumes or sets a task',
          description: 'Running gateways follow within a second.',
          params: byTask,
          body: taskChange,
          response: { 200: task, ...commonErrors },
        },
      },
      async ({ params, body }) => {
        const known = await knownTask(store, params.task)
        const changed: Task = {
          ...known,
          risk: { risk: body.risk ?? known.risk.risk, delta: body.delta ?? known.risk.delta },
          paused: body.paused ?? known.paused,
          ...(body.upstream !== undefined && { upstream: body.upstream as ModelName }),
        }
        await store.tasks.put(changed)
        return describeTask(registry, changed)
      },
    )
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

async function knownTask(store: AdminContext['store'], name: string): Promise<Task> {
  const known = await store.tasks.get(taskId(name))
  if (known) return known
  throw appError('task.unknown', { task: name, hint: 'GET /admin/tasks lists those that are.' })
}

async function describeTask(registry: Registry, one: Task): Promise<z.infer<typeof task>> {
  const [serves, versions, demotion] = await Promise.all([
    registry.promoted(one.id),
    registry.versions(one.id),
    registry.demotion(one.id),
  ])
  return {
    id: one.id,
    kind: one.kind,
    ...(one.space.kind === 'labels' && { labels: [...one.space.labels] }),
    risk: one.risk.risk,
    delta: one.risk.delta,
    promise: one.promise ?? 'answers',
    ...(one.upstream !== undefined && { upstream: one.upstream }),
    masked: one.masked,
    paused: one.paused,
    ...(serves !== undefined && { serves }),
    versions: [...versions],
    ...(demotion && { demotion: { was: demotion.was, why: demotion.why, at: demotion.at } }),
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
