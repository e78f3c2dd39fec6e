/** Asks a second upstream where the first takes long, and drops whichever is slower. */
import type { Outcome } from './judge-answer.ts'

export interface HedgeOptions {
  readonly afterMs: number
  readonly first: (cancel: AbortSignal) => Promise<Outcome>
  /** Begins the second; `undefined` where that is not allowed after all. */
  readonly second: (cancel: AbortSignal) => Promise<Outcome> | undefined
}

export interface Hedged {
  readonly first: Outcome
  /** Absent where it was not asked. */
  readonly second?: Outcome
}

/** The outcome of the first and, where it was asked, of the second; at most one of them is an answer. */
export async function withFasterSecond(options: HedgeOptions): Promise<Hedged> {
  const cancels = { first: new AbortController(), second: new AbortController() }
  const first = options.first(cancels.first.signal)
  if (await isSettledWithin(first, options.afterMs)) return { first: await first }
  const second = options.second(cancels.second.signal)
  if (!second) return { first: await first }
  const faster = await Promise.race([
    first.then((outcome) => ({ outcome, slower: cancels.second })),
    second.then((outcome) => ({ outcome, slower: cancels.first })),
  ])
  if (faster.outcome.kind === 'answer') faster.slower.abort()
  const [ofFirst, ofSecond] = await Promise.all([first, second])
  if (ofFirst.kind === 'answer' && ofSecond.kind === 'answer') {
    // Both were there in the same moment: the one that is not used is let go.
    await letGo(ofSecond)
    return { first: ofFirst }
  }
  return { first: ofFirst, second: ofSecond }
}

async function letGo({ answer }: Extract<Outcome, { kind: 'answer' }>): Promise<void> {
  for await (const _ of answer.body) break
}

async function isSettledWithin(outcome: Promise<Outcome>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([outcome.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
