/** The sections `energy` and `costs` of `shoal.yaml`: what this machine's work comes to in joules and in money. */
import { z } from 'zod'
import { defaultWattsPerCpu } from '../../meter/energy.ts'

/** What CPU time comes to in joules, where no counter can be read. */
export const energySchema = z.strictObject({
  wattsPerCpu: z
    .number()
    .min(0)
    .max(1000)
    .default(defaultWattsPerCpu)
    .describe(
      'Watts of a busy logical CPU, for the energy of work that no counter measured. Default: the highest of the averages at full load that Cloud Carbon Footprint gives for AWS, Azure and Google.',
    ),
})

/** What this machine's work costs, beside what upstreams are paid. */
export const costsSchema = z.strictObject({
  usdPerCpuHour: z
    .number()
    .min(0)
    .max(1000)
    .default(0.05)
    .describe(
      'US dollars for an hour of one logical CPU, for the cost of answers and of training. Default: about what a general-purpose cloud machine costs on demand (AWS m7i.large, us-east-1, 2025: $0.1008 an hour for two).',
    ),
  usdPerKilowattHour: z
    .number()
    .min(0)
    .max(1000)
    .default(0)
    .describe(
      "US dollars for a kilowatt-hour, on top of the price of the CPU. Default 0: a rented machine's price holds its electricity.",
    ),
})
