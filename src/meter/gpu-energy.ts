/** The energy of NVIDIA GPUs, from the power that `nvidia-smi` reports again and again. */
import { type ChildProcess, spawn } from 'node:child_process'

const everyMs = 500

export interface GpuEnergy {
  /** Joules of all GPUs so far; `undefined` where there is no `nvidia-smi` or no GPU that reports its power. */
  stop(): number | undefined
}

/** Begins to read; `command` and its arguments stand in for `nvidia-smi` in tests. */
export function readGpuEnergy(
  options: { readonly command?: string; readonly nowMs?: () => number } = {},
): GpuEnergy {
  const { command = 'nvidia-smi', nowMs = () => performance.now() } = options
  const child: ChildProcess = spawn(
    command,
    ['--query-gpu=index,power.draw', '--format=csv,noheader,nounits', `-lms`, `${everyMs}`],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  // Where there is no such command the answer is that nothing was measured.
  child.on('error', () => undefined)
  const integral = powerIntegral()
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) integral.take(line, nowMs())
  })
  return {
    stop: () => {
      child.kill()
      return integral.joules(nowMs())
    },
  }
}

/** Sums power over time, the trapezoid between two readings of a GPU; the last reading holds until the end. */
export function powerIntegral(): {
  take(line: string, atMs: number): void
  joules(endMs: number): number | undefined
} {
  const last = new Map<string, { readonly watts: number; readonly atMs: number }>()
  let sum = 0
  return {
    take: (line, atMs) => {
      const [gpu = '', draw = ''] = line.split(',').map((part) => part.trim())
      const watts = Number(draw)
      // A GPU that cannot tell writes [N/A].
      if (draw === '' || !Number.isFinite(watts) || watts < 0) return
      const before = last.get(gpu)
      if (before) sum += ((before.watts + watts) / 2) * ((atMs - before.atMs) / 1000)
      last.set(gpu, { watts, atMs })
    },
    joules: (endMs) => {
      if (last.size === 0) return undefined
      let total = sum
      for (const { watts, atMs } of last.values()) total += watts * (Math.max(0, endMs - atMs) / 1000)
      return total
    },
  }
}
