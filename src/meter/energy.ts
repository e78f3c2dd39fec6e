/** Energy: which instrument or assumption a figure rests on, what CPU time comes to in watts, and what an upstream is published to use. */
import type { Usage } from '../wire/call.ts'

/** `rapl`: CPU counters; `nvidia-smi`: a GPU's own meter; `cpu-time`: CPU seconds times a stated wattage, an estimate. */
export type EnergySource = 'rapl' | 'nvidia-smi' | 'cpu-time'

/**
 * Watts of a busy logical CPU where nothing else is said: the highest of the averages at full load that Cloud Carbon
 * Footprint derives from SPECpower for AWS (3.5), Azure (3.76) and Google (4.26); without memory, disks and cooling.
 */
export const defaultWattsPerCpu = 4.26

/** Joules of CPU time at a wattage. */
export function cpuJoules(cpuMs: number, wattsPerCpu: number): number {
  return (cpuMs / 1000) * wattsPerCpu
}

/** A range of joules, always an estimate. */
export type JoulesRange = {
  readonly low: number
  readonly high: number
}

/** Published joules a token of large models, as a range. */
export const upstreamEnergy = Object.freeze({
  date: '2025-12-01',
  source:
    "output 0.12 J (Llama 3.1 8B on H100, batches of 64, GPU alone: ML.ENERGY, LLM Inference Energy, December 2025) to 2.16 J (0.3 Wh for a GPT-4o answer of 500 tokens, servers and cooling in: Epoch AI, How much energy does ChatGPT use, February 2025; Google gives 0.24 Wh for Gemini's median prompt, August 2025); input 0 (decoding dominates: ML.ENERGY) to 0.79 J (2.5 Wh for an input of 10,000 tokens: Epoch AI)",
  brief:
    'Upstream energy: 0.12 to 2.16 J a token of output, 0 to 0.79 J of input (ML.ENERGY 2025; Epoch AI 2025).',
  outputJoules: { low: 0.12, high: 2.16 },
  inputJoules: { low: 0, high: 0.79 },
})

/** What a large model uses for a call's tokens, by {@link upstreamEnergy}. */
export function upstreamJoules(usage: Pick<Usage, 'promptTokens' | 'completionTokens'>): JoulesRange {
  const { inputJoules, outputJoules } = upstreamEnergy
  const of = (bound: keyof JoulesRange): number =>
    usage.promptTokens * inputJoules[bound] + usage.completionTokens * outputJoules[bound]
  return { low: of('low'), high: of('high') }
}
