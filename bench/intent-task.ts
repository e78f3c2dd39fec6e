/** Sorting by intent as an upstream is asked to do it: the task, a client's call of it, and what a specialist is sure of. */
import { taskId } from '../src/base/ids.ts'
import { loadTarget } from '../src/pipeline/target.ts'
import type { TrainedSpecialist } from '../src/pipeline/train.ts'
import type { Registry } from '../src/registry/registry.ts'
import type { PromptTemplate, Task } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'

/** The model that the calls name. */
const model = 'big-model'

/** A task whose upstream answers `{"intent": LABEL}`; `instruction` is the first sentence of its prompt. */
export function intentTask(settings: {
  readonly name: string
  readonly instruction: string
  readonly labels: readonly string[]
  readonly risk: number
}): Task {
  const { name, labels, risk } = settings
  const instruction = `${settings.instruction}\nAnswer with JSON only, {"intent": LABEL}, where LABEL is one of: ${labels.join(', ')}.`
  const template: PromptTemplate = {
    messages: [
      { role: 'system', constants: [instruction], slots: [] },
      { role: 'user', constants: ['Message: ', ''], slots: ['text'] },
    ],
    responseFormat: { type: 'json_object' },
  }
  return {
    id: taskId(name),
    kind: 'classification',
    space: { kind: 'labels', labels, multiple: false },
    rendering: { kind: 'json', before: '{"intent": "', after: '"}' },
    template,
    risk: { risk, delta: 0.05 },
    masked: true,
    paused: false,
  }
}

/** The body of the call that asks about a text. */
export function intentBody(task: Task, text: string): string {
  const [system, user] = task.template!.messages
  return JSON.stringify({
    model,
    temperature: 0,
    messages: [
      { role: 'system', content: system!.constants[0] },
      { role: 'user', content: user!.constants[0] + text },
    ],
    response_format: task.template!.responseFormat,
  })
}

/** The texts that a specialist may answer by its certificate; one that may answer nothing cannot be benched. */
export async function sureTexts(
  registry: Registry,
  { card, manifest }: TrainedSpecialist,
  texts: readonly string[],
): Promise<readonly string[]> {
  const { threshold, noveltyLimit, refusal } = card.certificate
  if (threshold === undefined) throw new Error(`nothing to bench: ${refusal}`)
  const { predictor } = await loadTarget(manifest.id, { registry, tiers: [createNanoTier()] })
  const said = await predictor.predict(texts.map((text) => ({ kind: 'text', text })))
  await predictor.dispose()
  return texts.filter((_, at) => said[at]!.confidence >= threshold && said[at]!.novelty <= noveltyLimit)
}
