/** Who may call: web pages of other sites are kept out, and where keys are in use a call shows one that is valid, allowed and within its limits. */
import type { IncomingMessage } from 'node:http'
import { type AppError, appError } from '../../base/errors.ts'
import type { TaskId } from '../../base/ids.ts'
import { keyPrefix } from '../../pipeline/keys.ts'
import type { KeyRecord } from '../../trace/store.ts'
import { fieldOf } from '../header-fields.ts'
import { pathOfTarget } from '../request-target.ts'
import type { HeldKey, Keyring } from './keyring.ts'
import { type WebGuard, webRefusal } from './web-guard.ts'

export interface AccessOptions extends WebGuard {
  readonly keyring: Keyring
  /** Milliseconds that never go back. */
  readonly monotonicMs: () => number
}

export interface Access {
  /** Lets a request pass, with the key that it showed, or says why not. */
  admit(request: IncomingMessage): HeldKey | AppError | undefined
  /** The key that an admitted request showed. */
  keyOf(request: IncomingMessage): HeldKey | undefined
}

/** Paths that monitoring asks for; they show no call and no key. */
const openPaths = new Set(['/healthz', '/readyz', '/metrics'])

/** Lets everyone in: for a gateway that others keep the door of. */
export const openAccess: Access = Object.freeze({ admit: () => undefined, keyOf: () => undefined })

/** Access by these rules; beyond loopback calls and administration always need a key. */
export function createAccess(options: AccessOptions): Access {
  const { keyring, isLoopback } = options
  const keys = new WeakMap<IncomingMessage, HeldKey>()
  return {
    keyOf: (request) => keys.get(request),
    admit: (request) => {
      const fields = request.rawHeaders
      const refusal = webRefusal(
        {
          host: fieldOf(fields, 'host'),
          origin: fieldOf(fields, 'origin'),
          fetchSite: fieldOf(fields, 'sec-fetch-site'),
        },
        options,
      )
      if (refusal) return refusal
      const path = pathOfTarget(request.url ?? '')
      if (openPaths.has(path)) return undefined
      const scope = isAdminPath(path) ? 'admin' : 'calls'
      if (isLoopback && !keyring.isRequired(scope)) return undefined
      const key = admittedKey(keyring, fields, scope)
      if (key instanceof Error) return key
      const waitSeconds = waitOf(key, options.monotonicMs())
      if (waitSeconds !== undefined)
        return appError('key.too-many-calls', {
          key: key.record.name,
          limit: key.record.callsPerMinute ?? 0,
          seconds: waitSeconds,
        })
      keys.set(request, key)
      return key
    },
  }
}

/** Whether a path belongs to administration, as it is written: `/%61dmin` does not, and must lead nowhere. */
export function isAdminPath(path: string): boolean {
  return path === '/admin' || path.startsWith('/admin/')
}

/** Why a call of a task, or of none, is not allowed with a key. */
export function taskRefusal(key: HeldKey | undefined, task: TaskId | undefined): AppError | undefined {
  const allowed = key?.record.tasks
  if (!allowed || (task !== undefined && allowed.includes(task))) return undefined
  return appError('key.task-forbidden', {
    key: key.record.name,
    task: task === undefined ? 'no task' : `the task "${task}"`,
    allowed: allowed.join(', '),
  })
}

/** Why a call may not be paid for upstream with a key; a local answer costs nothing and stays allowed. */
export function spendingRefusal(key: HeldKey | undefined): AppError | undefined {
  const limitUsd = key?.record.usdPerMonth
  if (limitUsd === undefined || key!.spentUsd < limitUsd) return undefined
  return appError('key.money-spent', { key: key!.record.name, limit: limitUsd.toFixed(2) })
}

function waitOf({ record, window }: HeldKey, nowMs: number): number | undefined {
  if (record.callsPerMinute === undefined) return undefined
  const taken = window.take(record.callsPerMinute, nowMs)
  return taken === 'taken' ? undefined : taken
}

function admittedKey(
  keyring: Keyring,
  fields: readonly string[],
  scope: KeyRecord['scope'],
): HeldKey | AppError {
  const secret = shownSecret(fields)
  if (secret === undefined) return appError('key.missing', { scope: scopeWords[scope] })
  const key = keyring.find(secret)
  if (!key) return appError('key.invalid', {})
  return key.record.scope === scope
    ? key
    : appError('key.scope', { key: key.record.name, scope: scopeWords[scope] })
}

const scopeWords: { readonly [Scope in KeyRecord['scope']]: string } = {
  calls: 'calls',
  admin: 'administration',
}

/** A key of Shoal in a field of its own, so that the client's upstream key can pass, or where clients put their key. */
function shownSecret(fields: readonly string[]): string | undefined {
  const own = fieldOf(fields, 'x-shoal-key')
  if (own !== undefined) return own.trim()
  for (const name of ['authorization', 'x-api-key', 'api-key']) {
    const value = fieldOf(fields, name)
      ?.replace(/^bearer\s+/i, '')
      .trim()
    if (value?.startsWith(keyPrefix)) return value
  }
  return undefined
}
