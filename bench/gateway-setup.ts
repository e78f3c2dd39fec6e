/** What the gateway benches share: a home with a certified specialist of banking77, calls of its task, and processes to talk to. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../src/base/clock.ts'
import type { SpecialistId } from '../src/base/ids.ts'
import { trainSpecialist } from '../src/pipeline/train.ts'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { exampleOf } from './certificate-data.ts'
import { readSet } from './data/labelled-sets.ts'
import { intentBody, intentTask, sureTexts } from './intent-task.ts'

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
  const { train, test } = readSet('banking77')
  const task = intentTask({
    name: 'banking',
    instruction: "You sort messages of a bank's customers by what they want.",
    labels: [...new Set(train.map(([, label]) => label))].sort(),
    risk: 0.02,
  })
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
  const texts = await sureTexts(registry, trained, [...new Set(test.map(([text]) => text))])
  const bodies = texts.map((text) => intentBody(task, text))
  const bodiesFile = join(folder, 'bodies.jsonl')
  await writeFile(bodiesFile, `${bodies.join('\n')}\n`)
  return { folder, specialist: id, bodiesFile, bodies: bodies.length }
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
