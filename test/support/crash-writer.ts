/** What people do beside a gateway until they are killed: imports, corrections, trainings and promotions, each told when it is done. Run as a process of its own. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import type { CallId, SpecialistId } from '../../src/base/ids.ts'
import { taskId } from '../../src/base/ids.ts'
import { keptAnswer } from '../../src/pipeline/call-texts.ts'
import { correctCalls } from '../../src/pipeline/correct.ts'
import { importFiles } from '../../src/pipeline/import.ts'
import { gatherRows } from '../../src/pipeline/task-rows.ts'
import { trainSpecialist } from '../../src/pipeline/train.ts'
import { openDiskRegistry } from '../../src/registry/disk-registry.ts'
import { maskJsonText } from '../../src/text/mask-json.ts'
import { createNanoTier } from '../../src/tier/nano/nano-tier.ts'
import { homePaths } from '../../src/trace/home.ts'
import { openLibsqlStore } from '../../src/trace/libsql-store.ts'

/** What was acknowledged. */
export type Done =
  | { readonly kind: 'ready' }
  | { readonly kind: 'imported'; readonly rows: number }
  | { readonly kind: 'corrected'; readonly call: CallId; readonly output: string }
  | { readonly kind: 'published'; readonly specialist: string }
  | { readonly kind: 'promoted'; readonly specialist: string }

/** Rows of one import: all of them are there afterwards or none. */
export const importRows = 700

const [folder, seed] = process.argv.slice(2)
if (folder && process.send) await work(folder, Number(seed))

async function work(folder: string, seed: number): Promise<void> {
  const { storeFile, registryFolder } = homePaths({
    environment: { SHOAL_HOME: folder },
    workingFolder: folder,
  })
  const store = await openLibsqlStore({ path: storeFile })
  const registry = openDiskRegistry(registryFolder)
  const tell = (done: Done): void => void process.send?.(done)
  const corrections = async (): Promise<void> => {
    for (;;) {
      for await (const call of store.calls.iterate({ task: taskId('mail') })) {
        const { id } = call
        // What was answered is right: corrections that say otherwise would have the gateway demote the specialist.
        const output = keptAnswer(call)
        if (output === undefined || (await store.corrections.get(id))) continue
        const [corrected] = await correctCalls(store, [{ call: id, output }], systemClock)
        tell({ kind: 'corrected', call: id, output: corrected!.output })
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const imports = async (): Promise<void> => {
    for (let round = 0; ; round++) {
      const file = join(folder, 'bulk.csv')
      const rows = Array.from({ length: importRows }, (_, i) => `row ${i} of ${round} and ${seed},a`)
      await writeFile(file, `text,label\n${rows.join('\n')}\n`)
      await importFiles(store, [file], {
        task: taskId('bulk'),
        mask: (text) => text,
        maskBody: maskJsonText,
        ledgerRow: () => {
          throw new Error('rows are no calls')
        },
      })
      tell({ kind: 'imported', rows: importRows })
    }
  }
  const trainings = async (): Promise<void> => {
    for (;;) {
      const rows = await gatherRows(store, { task: taskId('mail'), mergeLabels: false, risk: 0.1 })
      const shop = { tier: createNanoTier(), baselines: [], registry, clock: systemClock, version: 'test' }
      const trained = await trainSpecialist(shop, rows, { seed, budgetMs: 500, withoutBaselines: true })
      await store.tasks.put(rows.task)
      tell({ kind: 'published', specialist: trained.manifest.id })
    }
  }
  /** Publishes what is published already, again and again: a training ends too seldom to be killed at its end. */
  const publications = async (): Promise<void> => {
    const { manifest, files } = await registry.load('mail@1' as SpecialistId)
    const { task, tier, meta, card } = manifest
    for (;;) {
      const artefact = { tier, taskKind: task.kind, files, meta, heldAside: [] }
      const { id } = await registry.publish(task, artefact, () => card)
      tell({ kind: 'published', specialist: id })
      await registry.promote(id)
      tell({ kind: 'promoted', specialist: id })
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
  }
  tell({ kind: 'ready' })
  await Promise.all([corrections(), imports(), trainings(), publications()])
}
