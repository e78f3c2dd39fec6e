// Whether an adapter of a rank is smaller than what it stands beside.
import { appError } from '../../base/errors.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'

/** Throws `usage.invalid` where two matrices of the rank have as many numbers as a square layer of the base. */
export function checkRank(rank: number | undefined, { name, config }: BaseModel): void {
  const most = Math.floor(config.hidden / 2)
  if (rank === undefined || rank <= most) return
  throw appError('usage.invalid', {
    problem: `An adapter of rank ${rank} is no smaller than the layers of "${name}" that it stands beside`,
    hint: `Give a rank of at most ${most}; 8 is usual.`,
  })
}
