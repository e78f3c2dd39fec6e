/** One training of a task at a time, whichever process does it. */
import { join } from 'node:path'
import { appError } from '../base/errors.ts'
import { withFileLock } from '../base/file-lock.ts'
import type { TaskId } from '../base/ids.ts'

export interface TrainLockOptions {
  /** The data folder; locks lie in `training` below it. */
  readonly folder: string
  readonly task: TaskId
}

/** Does the work while no other process trains the task; throws `train.busy` where one does. */
export async function withTrainLock<T>(options: TrainLockOptions, work: () => Promise<T>): Promise<T> {
  const { folder, task } = options
  const busy = ({ pid, since }: { pid: number; since: string }): Error =>
    appError('train.busy', { task, pid, since })
  return withFileLock({ path: join(folder, 'training', `${task}.lock`), busy }, work)
}
