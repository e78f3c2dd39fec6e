/** Specialists on disk: files by SHA-256, a manifest per version, and one pointer per task to the version that serves. */
import type { Sha256 } from '../base/hash.ts'
import type { SpecialistId, TaskId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { Scratch } from '../base/scratch.ts'
import type { Task } from '../task/types.ts'
import type { Artefact, TierKind } from '../tier/tier.ts'

/** A version by its name and by what its answers follow from. */
export interface SpecialistReference {
  readonly id: SpecialistId
  /** Its `specialistDigest`. */
  readonly digest: Sha256
}

/** All that is known of one version; immutable once published. */
export interface Manifest {
  readonly format: 1
  readonly id: SpecialistId
  readonly task: Task
  readonly tier: TierKind
  /** Name → digest and size of every file of the artefact. */
  readonly files: { readonly [name: string]: { readonly sha256: Sha256; readonly sizeBytes: number } }
  readonly meta: { readonly [key: string]: Json }
  /** Of a cascade: the versions that are asked before this one, the first first. */
  readonly before?: readonly SpecialistReference[]
  /** The card with certificate and calibration, as `trust/` and `eval/` wrote them. */
  readonly card: Json
  readonly createdAt: string
}

/** A specialist as it is loaded: manifest, its digest, and the files, each checked. */
export interface LoadedSpecialist {
  readonly manifest: Manifest
  /** `specialistDigest` of tier, kind, files and meta; the card, whose certificate names it, is no part. */
  readonly digest: Sha256
  readonly files: ReadonlyMap<string, Uint8Array>
}

export interface PublishOptions {
  /** As in a manifest. */
  readonly before?: readonly SpecialistReference[]
}

export interface Registry {
  /** Publishes the next version of a task: blobs, then manifest, each written, synced and renamed; then visible. */
  publish(
    task: Task,
    artefact: Artefact,
    card: (id: SpecialistId) => Json,
    options?: PublishOptions,
  ): Promise<Manifest>
  /** Reads a version and checks every digest; a mismatch is an error that names the file. */
  load(id: SpecialistId): Promise<LoadedSpecialist>
  /** What is known of a version without its files: these are neither read nor checked. */
  describe(id: SpecialistId): Promise<Pick<LoadedSpecialist, 'manifest' | 'digest'>>
  /** Reads files of a version, each checked against the entry given; into the scratch memory, where one is given. */
  files(id: SpecialistId, entries: Manifest['files'], scratch?: Scratch): Promise<LoadedSpecialist['files']>
  versions(task: TaskId): Promise<readonly number[]>
  /** The version that serves, if any. */
  promoted(task: TaskId): Promise<SpecialistId | undefined>
  /** Moves the pointer; the version must exist and its digests must match, and so must the versions before it in a cascade. */
  promote(id: SpecialistId): Promise<void>
  /** Moves the pointer to the version that served before (or the one named); says which serves now. */
  rollback(task: TaskId, to?: SpecialistId): Promise<SpecialistId | undefined>
  /**
   * Moves the pointer to nothing: all calls go upstream until a person promotes again. The reason is kept beside it.
   * With `only`, where that version serves and no other.
   */
  demote(task: TaskId, why: string, only?: SpecialistId): Promise<void>
  /** When the pointer was moved last, ISO 8601, UTC; absent where it never was. */
  movedAt(task: TaskId): Promise<string | undefined>
  /** Why nothing serves, where the last move was a demotion. */
  demotion(
    task: TaskId,
  ): Promise<{ readonly was: SpecialistId; readonly why: string; readonly at: string } | undefined>
  /** Calls back within a second of a pointer's move, by whichever process it was moved. Returns the stop function. */
  watch(onChange: (task: TaskId, serving: SpecialistId | undefined) => void): () => void
}
