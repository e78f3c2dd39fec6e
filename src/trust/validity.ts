/** Whether a certificate still holds: it names what it holds for, and is void when one of these changes. */
import { type Sha256, sha256 } from '../base/hash.ts'
import { canonicalJson } from '../base/json.ts'
import type { PromptTemplate } from '../task/types.ts'
import type { Certificate } from './certificate.ts'

/** What is in use now, to be compared with what a certificate holds for. */
export type InUse = Certificate['holdsFor']

export type Validity = { readonly valid: true } | { readonly valid: false; readonly why: string }

/** Digest of a template; templates that differ in nothing that a call could show have the same. */
export function templateDigest(template: PromptTemplate): Sha256 {
  return sha256(canonicalJson(JSON.parse(JSON.stringify(template))))
}

/** Says whether the certificate holds for what is in use, and if not, which change made it void. */
export function isValidFor(certificate: Certificate, inUse: InUse): Validity {
  const promised = certificate.holdsFor
  const named = (specialists: InUse['specialists']): string =>
    specialists.map(({ id, digest }) => `${id} (${digest.slice(0, 12)})`).join(', ') || 'none'
  const exact = (specialists: InUse['specialists']): string =>
    specialists.map(({ id, digest }) => `${id} ${digest}`).join(' ')
  if (exact(promised.specialists) !== exact(inUse.specialists)) {
    return changed('specialists', named(promised.specialists), named(inUse.specialists))
  }
  if (promised.template !== inUse.template) {
    return changed('prompt template', promised.template ?? 'none', inUse.template ?? 'none')
  }
  if (promised.maskingVersion !== inUse.maskingVersion) {
    return changed('masking version', `${promised.maskingVersion}`, `${inUse.maskingVersion}`)
  }
  if (promised.upstream !== inUse.upstream) {
    return changed('upstream model', promised.upstream ?? 'none', inUse.upstream ?? 'none')
  }
  return { valid: true }
}

function changed(what: string, was: string, now: string): Validity {
  return {
    valid: false,
    why: `The certificate is void: it holds for the ${what} ${was}, and ${now} is in use. Train again to certify what is in use.`,
  }
}
