/** What the gateway benches share: a home with a certified specialist of banking77, calls of its task, and processes to talk to. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Papa from 'papaparse'
import { systemClock } from '../src/base/clock.ts'
import { type SpecialistId, taskId } from '../src/base/ids.ts'
import type { Example } from '../src/data/example.ts'
import { exampleId } from '../src/data/example-set.ts'
import { type TrainedSpecialist, trainSpecialist } from '../src/pipeline/train.ts'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import type { Registry } from '../src/registry/registry.ts'
import type { PromptTemplate, Task } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { calibratedPredictor } from '../src/trust/calibrated-predictor.ts'

/** `SHOAL_DATA`, or the folder beside the repository. */
export const dataFolder =
  process.env['SHOAL_DATA'] ?? fileURLToPath(new URL('../../shared/data', import.meta.url))
export const model = 'big-model'
/** The built command; SHOAL_COMMAND names another build. */
const command = process.env['SHOAL_COMMAND'] ?? fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

export interface GatewayHome {
  readonly folder: string
  readonly specialist: SpecialistId
  /** One call a line, as a client writes it; all of them are answered locally, no two alike. */
  readonly bodiesFile: string
  readonly bodies: number
}

/** Trains on banking77, promotes, and writes a call for every test text that the specialist is sure of. */
export async function gatewayHome(folder: string, options: { readonly seed: number }): Promise<GatewayHome> {
  const train = rowsOf('train.csv')
  const labels = [...new Set(train.map((row) => row.label))].sort()
  const task = bankingTask(labels)
  const store = await openLibsqlStore({ path: join(folder, 'store.db') })
  await store.tasks.put(task)
  await store.close()
  const registry = openDiskRegistry(join(folder, 'registry'))
  const trained = await trainSpecialist(
    { tier: createNanoTier(), registry, clock: systemClock, baselines: [], version: 'bench' },
    { task, examples: train.map(exampleOf), notes: [] },
    { seed: options.seed, withoutBaselines: true },
  )
  const { id } = trained.manifest
  await registry.promote(id)
  const bodies = await sureBodies(registry, trained)
  const bodiesFile = join(folder, 'bodies.jsonl')
  await writeFile(bodiesFile, `${bodies.join('\n')}\n`)
  return { folder, specialist: id, bodiesFile, bodies: bodies.length }
}

interface Row {
  readonly text: string
  readonly label: string
}

function rowsOf(name: string): readonly Row[] {
  const file = join(dataFolder, 'banking77', name)
  if (!existsSync(file)) throw new Error(`${file} is missing: set SHOAL_DATA to the folder of data sets`)
  const parsed = Papa.parse<{ text: string; category: string }>(readFileSync(file, 'utf8').trimEnd(), {
    header: true,
  })
  return parsed.data.map(({ text, category }) => ({ text, label: category }))
}

function exampleOf({ text, label }: Row): Example {
  const input = { kind: 'text', text } as const
  return {
    id: exampleId(input),
    input,
    output: { kind: 'labels', labels: [label] },
    source: 'gold',
    weight: 1,
  }
}

function bankingTask(labels: readonly string[]): Task {
  const instruction = `You sort messages of a bank's customers by what they want.\nAnswer with JSON only, {"intent": LABEL}, where LABEL is one of: ${labels.join(', ')}.`
  const template: PromptTemplate = {
    messages: [
      { role: 'system', constants: [instruction], slots: [] },
      { role: 'user', constants: ['Message: ', ''], slots: ['text'] },
    ],
    responseFormat: { type: 'json_object' },
  }
  return {
    id: taskId('banking'),
    kind: 'classification',
    space: { kind: 'labels', labels, multiple: false },
    rendering: { kind: 'json', before: '{"intent": "', after: '"}' },
    template,
    risk: { risk: 0.02, delta: 0.05 },
    masked: true,
    paused: false,
  }
}

/** The body of the call that asks about a text. */
function bodyOf(task: Task, text: string): string {
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

async function sureBodies(
  registry: Registry,
  { card, manifest }: TrainedSpecialist,
): Promise<readonly string[]> {
  const { task } = manifest
  const { threshold, noveltyLimit } = card.certificate
  if (threshold === undefined) throw new Error(`nothing to bench: ${card.certificate.refusal}`)
  const loaded = await registry.load(manifest.id)
  const raw = await createNanoTier().load({
    taskKind: task.kind,
    files: loaded.files,
    meta: manifest.meta,
  })
  const predictor = calibratedPredictor(raw, card.calibration)
  const texts = [...new Set(rowsOf('test.csv').map((row) => row.text))]
  const said = await predictor.predict(texts.map((text) => ({ kind: 'text', text })))
  await predictor.dispose()
  return texts
    .filter((_, at) => said[at]!.confidence >= threshold && said[at]!.novelty <= noveltyLimit)
    .map((text) => bodyOf(task, text))
}

/** A gateway that was started with the built command. */
export interface RunningGateway {
  readonly url: string
  readonly port: number
  readonly child: ChildProcess
  /** Ends it as Ctrl-C would; resolves when it is gone. */
  stop(): Promise<void>
}

/** Starts `shoal serve` with a `shoal.yaml` of this text. */
export async function startGateway(
  folder: string,
  settings: { readonly yaml: string },
): Promise<RunningGateway> {
  const config = join(folder, 'shoal.yaml')
  await writeFile(config, settings.yaml)
  const child = spawn(process.execPath, [command, 'serve', '--port', '0', '--json', '--config', config], {
    env: { ...process.env, SHOAL_HOME: folder, OPENAI_API_KEY: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  while (!output.trimEnd().endsWith('}')) {
    if (child.exitCode !== null) throw new Error(`shoal serve ended with ${child.exitCode}`)
    await new Promise((done) => setTimeout(done, 20))
  }
  const { url }: { url: string } = JSON.parse(output)
  return {
    url,
    port: Number(new URL(url).port),
    child,
    stop: async () => {
      child.kill('SIGINT')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

/** CPU seconds of a process so far, all threads; `undefined` where the system does not tell. */
export function cpuSeconds(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return undefined
  }
}
