/** What slow work reports while it goes on. */

export interface ProgressEvent {
  /** What is being done, in a few words: `reading`, `training`, `calibrating`. */
  readonly stage: string
  /** Units done so far. */
  readonly done: number
  /** Units in all, where known. */
  readonly total?: number
  /** A short free text, such as the score so far. */
  readonly detail?: string
}

export type Progress = (event: ProgressEvent) => void

/** Options that everything slow takes. */
export interface WorkOptions {
  readonly signal?: AbortSignal
  readonly progress?: Progress
}
