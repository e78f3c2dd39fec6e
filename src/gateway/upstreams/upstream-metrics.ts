/** What Prometheus is told of each upstream; read when it asks, so that no call pays for it. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { UpstreamState } from '../upstream.ts'

/** Adds the metrics of all upstreams to the registers. */
export function addUpstreamMetrics(states: () => readonly UpstreamState[], registers: Registry[]): void {
  const labelNames = ['upstream']
  new Counter({
    name: 'shoal_upstream_requests_total',
    help: 'Requests sent to the upstream: all, and of these the ones after a failure there, after one elsewhere, or beside another.',
    labelNames: ['upstream', 'kind'],
    registers,
    collect() {
      this.reset()
      for (const { name: upstream, requests, retries, fallbacks, hedges } of states()) {
        const kinds = { all: requests, retry: retries, fallback: fallbacks, hedge: hedges }
        for (const [kind, count] of Object.entries(kinds)) this.inc({ upstream, kind }, count)
      }
    },
  })
  new Counter({
    name: 'shoal_upstream_failures_total',
    help: 'Requests that the upstream failed, by kind.',
    labelNames: ['upstream', 'kind'],
    registers,
    collect() {
      this.reset()
      for (const { name: upstream, failures } of states())
        for (const [kind, count] of Object.entries(failures)) this.inc({ upstream, kind }, count)
    },
  })
  new Gauge({
    name: 'shoal_upstream_models_avoided',
    help: 'Models for which the upstream is avoided now: it does not answer (dead), answers badly (ill), or asked for rest (resting).',
    labelNames: ['upstream', 'because'],
    registers,
    collect() {
      for (const { name: upstream, models } of states())
        for (const [because, count] of Object.entries(models)) this.set({ upstream, because }, count)
    },
  })
  const now = (name: string, help: string, read: (state: UpstreamState) => number): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const state of states()) this.set({ upstream: state.name }, read(state))
      },
    })
  }
  now('shoal_upstream_active', 'Calls that the upstream has under way.', ({ active }) => active)
  now('shoal_upstream_waiting', 'Calls that wait for a place at the upstream.', ({ waiting }) => waiting)
}
