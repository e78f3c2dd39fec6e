/** Whether what a process left may be cleared away. */
import { errorCodeOf } from './files.ts'

/** True while a process of this id runs on this machine; false for what is no id. */
export function isProcessAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return errorCodeOf(cause) === 'EPERM'
  }
}
