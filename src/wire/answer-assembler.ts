/** What puts the events of a streamed answer together again, whatever its API. */

/** Takes events and gives the one answer that the same request would have had without streaming. */
export interface AnswerAssembler {
  /** Takes the data of one event; what is none of the API's is left out. */
  push(data: string): void
  /** True once the event came that ends an answer. */
  readonly isDone: boolean
  /** The answer so far as JSON text, with its usage where that was reported; `undefined` where nothing came. */
  text(): string | undefined
}
