// Sessions that several specialists use: each is loaded once, and let go when the last of them leaves.
import { AppError } from '../../../base/errors.ts'
import type { Session } from '../../../runtime/runtime.ts'
import type { Step } from './steps.ts'

/** A session as one of its holders sees it. */
export interface HeldSession {
  /** The same object for all holders. */
  readonly step: Step
  /** This holder's share of its bytes: those of all holders together are the session's. */
  readonly sizeBytes: number
  release(): Promise<void>
}

export interface SharedSessions {
  /** The session of a key, loaded where nobody holds it; throws what loading throws. */
  hold(key: string, load: () => Promise<Session>): Promise<HeldSession>
}

interface Entry {
  readonly step: Promise<Step>
  holders: number
}

/** None is loaded. */
export function createSharedSessions(): SharedSessions {
  const entries = new Map<string, Entry>()

  function forget(key: string, entry: Entry | undefined): void {
    if (entries.get(key) === entry) entries.delete(key)
  }

  function loadEntry(key: string, load: () => Promise<Session>): Entry {
    const step = load().then((session) => ({ session: watched(session, () => entries.clear()) }))
    const entry: Entry = { step, holders: 0 }
    entries.set(key, entry)
    return entry
  }

  async function hold(key: string, load: () => Promise<Session>): Promise<HeldSession> {
    const entry = entries.get(key) ?? loadEntry(key, load)
    entry.holders++
    const step = await entry.step.catch((cause: unknown) => {
      forget(key, entry)
      throw cause
    })
    let isHeld = true
    return {
      step,
      get sizeBytes() {
        return step.session.sizeBytes / entry.holders
      },
      release: async () => {
        if (!isHeld) return
        isHeld = false
        if (--entry.holders > 0) return
        forget(key, entry)
        await step.session.release()
      },
    }
  }
  return { hold }
}

/** When a worker has ended, no session that it may have held is given to another: what still works stays with its holders. */
function watched(session: Session, onLost: () => void): Session {
  return {
    ...session,
    run: (inputs, options) =>
      session.run(inputs, options).catch((cause: unknown) => {
        if (cause instanceof AppError && cause.code === 'runtime.worker-lost') onLost()
        throw cause
      }),
  }
}
