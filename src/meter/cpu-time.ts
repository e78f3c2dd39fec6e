/** CPU time of a piece of work on this process. */

/** Milliseconds of user and system time that this process spent in `work`, other threads of it included. */
export function measureCpu<T>(work: () => T): { readonly result: T; readonly cpuMs: number } {
  const before = process.cpuUsage()
  const result = work()
  const spent = process.cpuUsage(before)
  return { result, cpuMs: (spent.user + spent.system) / 1000 }
}
