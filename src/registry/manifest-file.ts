/** A manifest on disk: a JSON document of the manifest and the SHA-256 of its canonical text, so that a flipped bit shows. */
import { z } from 'zod'
import { appError } from '../base/errors.ts'
import type { Sha256 } from '../base/hash.ts'
import { isSha256, sha256 } from '../base/hash.ts'
import type { SpecialistId } from '../base/ids.ts'
import { canonicalJson, isJsonObject, tryParseJson } from '../base/json.ts'
import type { Artefact } from '../tier/tier.ts'
import type { Manifest } from './registry.ts'

const entry = z.object({
  sha256: z.custom<Sha256>((text) => typeof text === 'string' && isSha256(text)),
  sizeBytes: z.int().min(0),
})

function isSpecialistName(text: unknown): boolean {
  return typeof text === 'string' && /^.+@[1-9][0-9]*$/.test(text)
}

/** What is checked besides the digest: that this Shoal knows the format, and what loading needs. */
const head = z.looseObject({
  format: z.literal(1),
  id: z.string(),
  task: z.looseObject({ id: z.string(), kind: z.string() }),
  tier: z.enum(['nano', 'micro', 'mini']),
  files: z.record(z.string(), entry),
  meta: z.record(z.string(), z.unknown()),
  before: z
    .array(z.object({ id: z.custom<SpecialistId>(isSpecialistName), digest: entry.shape.sha256 }))
    .optional(),
  createdAt: z.string(),
})

/** The document of a manifest. */
export function manifestText(manifest: Manifest): string {
  const plain = tryParseJson(JSON.stringify(manifest))!
  return `${JSON.stringify({ sha256: sha256(canonicalJson(plain)), manifest: plain }, undefined, 2)}\n`
}

/** Reads the document; throws `registry.manifest-invalid` or `registry.digest-mismatch` with the file's name. */
export function parseManifest(file: string, text: string): Manifest {
  const document = tryParseJson(text)
  if (!isJsonObject(document) || !isJsonObject(document['manifest']))
    throw appError('registry.manifest-invalid', {
      file,
      problem: 'it is not a JSON object with "manifest" and "sha256"',
    })
  const manifest = document['manifest']
  const expected = String(document['sha256'])
  const got = sha256(canonicalJson(manifest))
  if (got !== expected) throw appError('registry.digest-mismatch', { file, got, expected })
  const checked = head.safeParse(manifest)
  if (!checked.success)
    throw appError('registry.manifest-invalid', { file, problem: z.prettifyError(checked.error) })
  return manifest as unknown as Manifest
}

/**
 * Digest of what decides a specialist's answers: tier, kind, files and meta.
 * The card is no part of it, since the certificate in the card names this digest.
 */
export function specialistDigest(
  artefact: Pick<Artefact, 'tier' | 'taskKind' | 'meta'> & {
    readonly files: Manifest['files'] | Artefact['files']
  },
): Sha256 {
  const files = artefact.files instanceof Map ? filesOf(artefact.files) : artefact.files
  const digests = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, file.sha256]))
  const meta = tryParseJson(JSON.stringify(artefact.meta))!
  return sha256(canonicalJson({ tier: artefact.tier, taskKind: artefact.taskKind, files: digests, meta }))
}

function filesOf(files: ReadonlyMap<string, Uint8Array>): Manifest['files'] {
  return Object.fromEntries(
    [...files].map(([name, data]) => [name, { sha256: sha256(data), sizeBytes: data.byteLength }]),
  )
}
