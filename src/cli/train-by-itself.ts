/** Trains a task in a process of its own, at low priority, by running this same command line. */
import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { appError } from '../base/errors.ts'
import type { SpecialistId } from '../base/ids.ts'
import { isJsonObject, tryParseJson } from '../base/json.ts'
import type { TrainTask } from '../gateway/auto-training.ts'

/** How long a process that was told to stop may take before it is killed. */
const graceMs = 10_000
const mostOutput = 16_000_000

/** Runs `shoal train TASK --json` and reads which specialist came of it. */
export const trainByItself: TrainTask = async (task, { risk, delta, tier, signal }) => {
  const flags = [
    ...(tier === undefined ? [] : ['--tier', tier]),
    ...(risk === undefined ? [] : ['--risk', String(risk)]),
    ...(delta === undefined ? [] : ['--delta', String(delta)]),
  ]
  const { output, problem } = await run(['train', task, '--json', ...flags], signal)
  const document = tryParseJson(output)
  const specialist = isJsonObject(document) ? document['specialist'] : undefined
  if (typeof specialist === 'string') return specialist as SpecialistId
  const error = isJsonObject(document) ? document['error'] : undefined
  const said = isJsonObject(error) ? error['message'] : undefined
  throw appError('train.by-itself', { task, problem: typeof said === 'string' ? said : problem })
}

interface Ended {
  readonly output: string
  readonly problem: string
}

function run(args: readonly string[], signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [output, said] = ['', '']
    let killing: NodeJS.Timeout | undefined
    const stop = (): void => {
      child.kill('SIGTERM')
      killing = setTimeout(() => child.kill('SIGKILL'), graceMs)
    }
    child.on('spawn', () => {
      // Calls go before training.
      if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < mostOutput) output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000)
    })
    child.on('error', reject)
    child.on('close', (code, killedBy) => {
      clearTimeout(killing)
      signal.removeEventListener('abort', stop)
      const last = said.trim().split('\n').at(-1)
      resolve({
        output,
        problem: `its process ended with ${killedBy ?? `code ${code}`}${last ? `: ${last}` : ''}`,
      })
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
