/** From which novelty an input counts as unlike the training inputs. */
import { clopperPearsonUpper } from '../stats/binomial.ts'

/** Share of in-domain inputs that may be called novel by mistake. */
const novelShare = 0.01
/** Probability that more are, by bad luck of the rows held aside. */
const badLuck = 0.1

/**
 * The rank among that many held-aside rows above which an input is novel: the lowest one of which it can be said with 90%
 * confidence that at most 1% of inputs like these lie above. With fewer rows than that takes (229), above all of them.
 */
export function noveltyLimitFor(heldAside: number): number {
  let above = Math.floor(novelShare * heldAside)
  while (above > 0 && clopperPearsonUpper(above, heldAside, badLuck) > novelShare) above--
  return 1 - Math.max(above, 0.5) / Math.max(1, heldAside)
}
