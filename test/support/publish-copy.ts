/** Copies of a trained specialist for other tasks, each with weights and a certificate of its own: fleets made in seconds. */
import type { SpecialistId } from '../../src/base/ids.ts'
import type { Random } from '../../src/base/random.ts'
import { decodeTensors } from '../../src/model/linear/tensors.ts'
import { specialistDigest } from '../../src/registry/manifest-file.ts'
import type { LoadedSpecialist, Registry } from '../../src/registry/registry.ts'
import type { Task } from '../../src/task/types.ts'
import type { Artefact } from '../../src/tier/tier.ts'
import { cardJson, parseCard } from '../../src/trust/card.ts'
import { templateDigest } from '../../src/trust/validity.ts'

/** The file of a nano artefact. */
export const weightsFile = 'nano.safetensors'

/** Publishes and promotes it for another task with the same labels, one in a hundred of its n-gram weights a step off. */
export async function publishCopy(
  registry: Registry,
  { manifest, files }: LoadedSpecialist,
  task: Task,
  random: Random,
): Promise<SpecialistId> {
  const bytes = Uint8Array.from(files.get(weightsFile)!)
  const weights = decodeTensors(bytes).get('sparse.weights')!.data
  for (let i = 0; i < weights.length / 100; i++) weights[random.below(weights.length)]! ^= 1
  const artefact: Artefact = {
    tier: manifest.tier,
    taskKind: 'classification',
    files: new Map([...files, [weightsFile, bytes]]),
    meta: manifest.meta,
    heldAside: [],
  }
  const digest = specialistDigest(artefact)
  const card = parseCard(manifest.card, manifest.id)
  const { id } = await registry.publish(task, artefact, (id) =>
    cardJson({
      ...card,
      specialist: id,
      task: { ...card.task, id: task.id },
      certificate: {
        ...card.certificate,
        holdsFor: {
          ...card.certificate.holdsFor,
          specialists: [{ id, digest }],
          ...(task.template && { template: templateDigest(task.template) }),
        },
      },
    }),
  )
  await registry.promote(id)
  return id
}
