/**
 * Keeps web pages of other sites away from the gateway: a page in the user's browser could otherwise call a gateway on
 * loopback, by its address (cross-site requests) or by a name of its own that points there (DNS rebinding). Pure.
 */
import { type AppError, appError } from '../../base/errors.ts'

export interface WebGuard {
  /** True where the gateway listens on this machine alone: then the name that a client calls it by must be one of this machine. */
  readonly isLoopback: boolean
  /** Further names that clients may call it by, as behind a proxy; beyond loopback, where not empty, the only ones. */
  readonly allowedHosts: readonly string[]
  /** Origins of web pages that may call it, as `https://app.example`; its own pages always may. */
  readonly allowedOrigins: readonly string[]
}

/** The header fields that say who asks; browsers write them and pages cannot change them. */
export interface WebFields {
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
}

/** Why a request is refused; `undefined` where it may pass. */
export function webRefusal(fields: WebFields, guard: WebGuard): AppError | undefined {
  const { host, origin, fetchSite } = fields
  if (host !== undefined && !isOwnHost(hostName(host), guard)) return appError('request.host', { host })
  if (origin === undefined) {
    // Without an origin, a request that a browser marks as another site's is an image, a form or a link.
    return fetchSite === 'cross-site' ? appError('request.origin', { origin: 'another site' }) : undefined
  }
  const isOwn = host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
  return isOwn || guard.allowedOrigins.includes(origin) ? undefined : appError('request.origin', { origin })
}

/** True for addresses of the loopback interface and the name `localhost`. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
}

function isOwnHost(name: string, { isLoopback, allowedHosts }: WebGuard): boolean {
  if (allowedHosts.includes(name)) return true
  return isLoopback ? isLoopbackHost(name) : allowedHosts.length === 0
}

/** A host field without its port, in lower case. */
function hostName(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase()
}
