/** Whose call it was: the end user that a request names, as a digest that finds the calls of a user again and names nobody. */
import { sha256 } from '../base/hash.ts'
import { isJsonObject, type Json, tryParseJson } from '../base/json.ts'

/** Nearly all requests name nobody, and are not parsed for it. */
const mayName = /"(?:user|safety_identifier|user_id)"\s*:/

/** What {@link Call.endUser} holds for a user's id as the request had it: the first 32 hex digits of its SHA-256. */
export function endUserDigest(id: string): string {
  return sha256(id).slice(0, 32)
}

/** The digest of the user that a request's body names: `safety_identifier`, else `user` (OpenAI), else `metadata.user_id` (Anthropic). */
export function endUserOf(request: string | undefined): string | undefined {
  if (request === undefined || !mayName.test(request)) return undefined
  return endUserOfBody(tryParseJson(request))
}

/** The same of a body that is parsed already. */
export function endUserOfBody(body: Json | undefined): string | undefined {
  if (!isJsonObject(body)) return undefined
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {}
  const named = [body['safety_identifier'], body['user'], metadata['user_id']]
  const id = named.find((value): value is string => typeof value === 'string' && value !== '')
  return id === undefined ? undefined : endUserDigest(id)
}
