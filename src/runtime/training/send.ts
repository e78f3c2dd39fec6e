/** Messages between a process and its child, one after another, so that large ones do not pile up in memory. */

interface Receiver {
  readonly send?:
    | ((message: never, handle: undefined, options: object, sent: (cause: Error | null) => void) => boolean)
    | undefined
}

/** Resolves when the message has been written to the channel; rejects where the other end is gone. */
export function send(receiver: Receiver, message: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!receiver.send) return reject(new Error('the channel to the other process is closed'))
    receiver.send(message as never, undefined, {}, (cause) => (cause ? reject(cause) : resolve()))
  })
}
