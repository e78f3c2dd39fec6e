/** Measures what a piece of work takes on this machine: CPU time of this process, and energy by the best instrument there is. */
import { cpuJoules, defaultWattsPerCpu, type EnergySource } from './energy.ts'
import { readGpuEnergy } from './gpu-energy.ts'
import { joulesBetween, type PackageCounter, powercapFolder, readPackages } from './rapl.ts'

export interface EnergyReading {
  readonly wallMs: number
  /** Of this process, all threads. */
  readonly cpuMs: number
  readonly energyJoules: number
  /** `rapl` counts all that the CPUs did meanwhile; with a GPU `nvidia-smi`, and the CPUs' part by what they have. */
  readonly energyIs: EnergySource
}

interface EnergyMeter {
  stop(): Promise<EnergyReading>
}

export interface MeterEnergyOptions {
  /** Of a busy CPU, where no counter can be read. */
  readonly wattsPerCpu?: number
  /** True: the work runs on NVIDIA GPUs too. */
  readonly gpu?: boolean
  /** Where the counters are; another folder in tests. */
  readonly raplFolder?: string
}

/** A counter wraps around after some twenty minutes of full load: it is read more often than that. */
const readEveryMs = 60_000

/** Does some work and says what it took; where the work fails, nobody is told. */
export async function metered<T>(
  work: () => Promise<T>,
  options: MeterEnergyOptions = {},
): Promise<{ readonly result: T; readonly cost: EnergyReading }> {
  const meter = await beginMeter(options)
  try {
    const result = await work()
    return { result, cost: await meter.stop() }
  } catch (cause) {
    await meter.stop()
    throw cause
  }
}

async function beginMeter(options: MeterEnergyOptions): Promise<EnergyMeter> {
  const folder = options.raplFolder ?? powercapFolder
  const gpu = options.gpu ? readGpuEnergy() : undefined
  const rapl = await raplSum(folder)
  const began = performance.now()
  const cpuBefore = process.cpuUsage()
  return {
    stop: async () => {
      const { user, system } = process.cpuUsage(cpuBefore)
      const cpuMs = (user + system) / 1000
      const gpuJoules = gpu?.stop()
      const counted = await rapl.stop()
      const estimated = cpuJoules(cpuMs, options.wattsPerCpu ?? defaultWattsPerCpu)
      const cpuSource = counted === undefined ? 'cpu-time' : 'rapl'
      return {
        wallMs: performance.now() - began,
        cpuMs,
        energyJoules: (counted ?? estimated) + (gpuJoules ?? 0),
        energyIs: gpuJoules === undefined ? cpuSource : 'nvidia-smi',
      }
    },
  }
}

/** Adds up the packages' counters from now on; `undefined` at the end where they could not be read throughout. */
async function raplSum(folder: string): Promise<{ stop(): Promise<number | undefined> }> {
  let last: readonly PackageCounter[] | undefined = await readPackages(folder)
  let joules = 0
  const read = async (): Promise<void> => {
    if (!last) return
    const now = await readPackages(folder)
    const more = now && joulesBetween(last, now)
    joules += more ?? 0
    last = more === undefined ? undefined : now
  }
  const timer = setInterval(() => void read(), readEveryMs)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await read()
      return last && joules
    },
  }
}
