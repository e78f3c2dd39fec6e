/** Audits in the metrics for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Audits } from './audits.ts'

/** Adds what came of audits, demotions, and what was spent on audits today; read when the metrics are asked for. */
export function addAuditMetrics(
  audits: () => Pick<Audits, 'counts' | 'demotions' | 'spentUsdToday'> | undefined,
  registers: Registry[],
): void {
  new Counter({
    name: 'shoal_audits_total',
    help: 'Audits of local answers by what came of them.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset()
      for (const [outcome, count] of Object.entries(audits()?.counts ?? {})) this.inc({ outcome }, count)
    },
  })
  new Counter({
    name: 'shoal_demotions_total',
    help: 'Specialists that this gateway has demoted because their risk was no longer within what their task allows.',
    labelNames: ['task'],
    registers,
    collect() {
      this.reset()
      for (const [task, count] of audits()?.demotions ?? []) this.inc({ task }, count)
    },
  })
  new Gauge({
    name: 'shoal_audits_spent_usd',
    help: 'US dollars that audits have cost since midnight, UTC.',
    registers,
    collect() {
      this.set(audits()?.spentUsdToday ?? 0)
    },
  })
}
