/** From a call as it comes to the thread that keeps calls, to what is written: counted, priced, masked. */
import type { ModelName } from '../base/ids.ts'
import { countingBudget } from '../meter/counting-budget.ts'
import { meterCall } from '../meter/ledger-row.ts'
import type { PriceTable } from '../meter/prices.ts'
import { byteCounter, type TokenCounter, tokenCounters } from '../meter/token-counter.ts'
import type { UnpackedCall } from './call-batch.ts'
import { endUserOf } from './end-user.ts'
import { maskCall } from './mask-call.ts'
import type { KeptCall } from './store.ts'

/** Local answers are many, and each stands for tokens that nobody reports: this much of the thread goes into counting them. */
const localShare = { share: 0.1, mostMs: 500 }

export interface CallKeeping {
  /** What is written of some calls, in order; loads the tokenizers that they need. */
  keptCalls(calls: readonly UnpackedCall[], prices: PriceTable): Promise<readonly KeptCall[]>
}

/** Keeps nothing between calls but loaded tokenizers and the time spent counting. */
export function callKeeping(options: { readonly wattsPerCpu: number }): CallKeeping {
  const counters = tokenCounters()
  const budget = countingBudget({ ...localShare, nowMs: () => performance.now() })
  const keptCall = ({ call, policy }: UnpackedCall, prices: PriceTable): KeptCall => {
    const { upstream, masked } = policy
    const isLocal = call.servedBy !== 'upstream'
    const model = modelOf({ call, policy })
    const counter = model === undefined || (isLocal && !budget.hasLeft) ? byteCounter : counters.of(model)
    const meter = (by: TokenCounter) =>
      meterCall(call, {
        prices,
        counter: by,
        wattsPerCpu: options.wattsPerCpu,
        ...(upstream !== undefined && { upstreamModel: upstream }),
      })
    const ledger = isLocal ? budget.spend(() => meter(counter)) : meter(counter)
    const endUser = call.endUser ?? endUserOf(call.request)
    const named = endUser === undefined ? call : { ...call, endUser }
    return { call: masked ? maskCall(named) : named, ledger }
  }
  return {
    keptCalls: async (calls, prices) => {
      const models = new Set(calls.flatMap((one) => (isCounted(one) ? (modelOf(one) ?? []) : [])))
      for (const model of models) await counters.prepare(model)
      return calls.map((one) => keptCall(one, prices))
    },
  }
}

function modelOf({ call, policy }: UnpackedCall): ModelName | undefined {
  return call.servedBy === 'upstream' ? call.model : (policy.upstream ?? call.model)
}

/** Whether nobody reported the tokens of an answer that was given. */
function isCounted({ call }: UnpackedCall): boolean {
  return call.usage?.source !== 'reported' && call.wire !== 'opaque' && call.response !== undefined
}
