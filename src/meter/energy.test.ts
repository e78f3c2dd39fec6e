import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cpuJoules, upstreamJoules } from './energy.ts'
import { metered } from './energy-meter.ts'
import { powerIntegral } from './gpu-energy.ts'
import { joulesBetween, readPackages } from './rapl.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-rapl-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function domain(name: string, label: string, microjoules: number | string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, 'name'), `${label}\n`)
  await writeFile(join(folder, name, 'energy_uj'), `${microjoules}\n`)
  await writeFile(join(folder, name, 'max_energy_range_uj'), '1000000\n')
}

test('packages are added up; their parts and the platform are not counted again', async () => {
  await domain('intel-rapl:0', 'package-0', 100_000)
  await domain('intel-rapl:1', 'package-1', 900_000)
  await domain('intel-rapl:0:0', 'core', 50_000)
  await domain('intel-rapl:2', 'psys', 5_000)
  const before = await readPackages(folder)
  await domain('intel-rapl:0', 'package-0', 600_000)
  // This one has wrapped around.
  await domain('intel-rapl:1', 'package-1', 100_000)
  const after = await readPackages(folder)
  expect(joulesBetween(before!, after!)).toBeCloseTo(0.5 + 0.2, 9)
  expect(joulesBetween(before!, after!.slice(1))).toBeUndefined()
})

test('counters that are missing, unreadable or no numbers are not readable, and CPU time stands in, marked so', async () => {
  expect(await readPackages(join(folder, 'none'))).toBeUndefined()
  expect(await readPackages(folder)).toBeUndefined()
  await domain('intel-rapl:0', 'package-0', 'secret')
  expect(await readPackages(folder)).toBeUndefined()
  await domain('intel-rapl:0', 'package-0', 1)
  await chmod(join(folder, 'intel-rapl:0', 'energy_uj'), 0o000)
  if (process.getuid?.() !== 0) expect(await readPackages(folder)).toBeUndefined()
  const spin = async (): Promise<number> => {
    const until = performance.now() + 30
    while (performance.now() < until);
    return 7
  }
  const { result, cost } = await metered(spin, { raplFolder: join(folder, 'none'), wattsPerCpu: 10 })
  expect(result).toBe(7)
  expect(cost).toMatchObject({ energyIs: 'cpu-time', energyJoules: cpuJoules(cost.cpuMs, 10) })
  expect(cost.cpuMs).toBeGreaterThan(5)
  expect(cost.wallMs).toBeGreaterThan(29)
})

test('where counters can be read the work is measured', async () => {
  await domain('intel-rapl:0', 'package-0', 0)
  const work = (): Promise<void> => domain('intel-rapl:0', 'package-0', 250_000)
  const { cost } = await metered(work, { raplFolder: folder })
  expect(cost).toMatchObject({ energyIs: 'rapl', energyJoules: 0.25 })
})

test('work that fails fails as it did', async () => {
  const failing = metered(() => Promise.reject(new Error('no')), { raplFolder: folder })
  await expect(failing).rejects.toThrow('no')
})

test("a GPU's power is summed over time; one that does not tell has none", () => {
  const power = powerIntegral()
  expect(power.joules(0)).toBeUndefined()
  for (const [line, atMs] of [
    ['0, 100.0', 0],
    ['1, [N/A]', 0],
    ['0, 300.0', 1000],
    ['', 1500],
  ] as const)
    power.take(line, atMs)
  expect(power.joules(2000)).toBeCloseTo(200 + 300, 9)
})

test('no command, no GPU: what is left is the CPU', async () => {
  const { cost } = await metered(async () => 1, { raplFolder: join(folder, 'none'), gpu: true })
  expect(['cpu-time', 'nvidia-smi']).toContain(cost.energyIs)
})

test("the upstream's energy is a range by its tokens", () => {
  const { low, high } = upstreamJoules({ promptTokens: 1000, completionTokens: 100 })
  expect(low).toBeCloseTo(12, 9)
  expect(high).toBeCloseTo(790 + 216, 9)
})
