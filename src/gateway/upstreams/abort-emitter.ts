/** A signal as undici takes it beside AbortSignal: an emitter of `abort`, which costs a fraction of what an EventTarget does. */
import { EventEmitter } from 'node:events'

export interface AbortEmitter extends EventEmitter {
  aborted: boolean
}

/** One that has not fired. */
export function abortEmitter(): AbortEmitter {
  return Object.assign(new EventEmitter(), { aborted: false })
}

/** Fires it, once. */
export function fire(emitter: AbortEmitter): void {
  if (emitter.aborted) return
  emitter.aborted = true
  emitter.emit('abort')
}
