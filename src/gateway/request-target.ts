/** What a request line may ask for. Plain paths only: the door, the router and an upstream must all read the same path. */

/** `.` or `..` as a segment, also where the dots or the slashes around them are percent-encoded. */
const dotSegment = /(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\]|%2f|%5c|$)/i

/**
 * False for a whole address (`GET http://host/admin`) and for a first segment with something encoded (`/%761/chat`), where
 * the router would find a path that the door has not seen; and for dot segments, which would lead out of the upstream's base
 * path with the gateway's own key.
 */
export function isPlainTarget(target: string): boolean {
  if (!/^\/[^/%?]*(?:[/?]|$)/.test(target)) return false
  return !dotSegment.test(pathOfTarget(target))
}

/** A target without its query, which may hold what must not be kept. */
export function pathOfTarget(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}
