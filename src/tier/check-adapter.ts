// Whether a tier can train the adapter that was asked for; said before anything is trained.
import { appError } from '../base/errors.ts'
import type { TaskKind } from '../task/types.ts'
import type { Tier, TrainOptions } from './tier.ts'

/** Throws `usage.invalid` where an adapter was asked for and the tier trains none for the kind, or its rank is no rank. */
export function checkAdapter(
  { kind: tier, can }: Pick<Tier, 'kind' | 'can'>,
  kind: TaskKind,
  { lora }: Pick<TrainOptions, 'lora'>,
): void {
  if (lora === undefined) return
  const { adapt = [] } = can
  if (!adapt.includes(kind))
    throw appError('usage.invalid', {
      problem: `The ${tier} tier trains no adapter for ${kind}`,
      hint:
        adapt.length > 0
          ? `It trains adapters for ${adapt.join(', ')}. Leave --lora out.`
          : 'Leave --lora out, or train with --tier micro.',
    })
  if (!Number.isInteger(lora) || lora < 1)
    throw appError('usage.invalid', {
      problem: `An adapter of rank ${lora} is none`,
      hint: 'Give a whole number from 1, such as 8.',
    })
}
