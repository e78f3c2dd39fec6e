/** The gateway's metrics for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Call } from '../wire/call.ts'
import { addAuditMetrics } from './audits/audit-metrics.ts'
import type { Audits } from './audits/audits.ts'
import type { ShelfCounts } from './specialist-shelf.ts'
import type { UpstreamState } from './upstream.ts'
import { addUpstreamMetrics } from './upstreams/upstream-metrics.ts'

export interface GatewayMetrics {
  countCall(call: Pick<Call, 'servedBy' | 'reason' | 'status' | 'latencyMs'>): void
  countSpecialistError(task: string): void
  /** In the text format of Prometheus. */
  text(): Promise<string>
  readonly contentType: string
}

/** What is read when the metrics are asked for. */
export interface MetricSources {
  readonly forwarding: () => number
  readonly recorderCounters: () => { readonly [name: string]: number }
  readonly specialistProblems: () => number
  readonly weights: () => ShelfCounts
  readonly upstreams: () => readonly UpstreamState[]
  readonly audits: () => Audits | undefined
}

/** Who answered → why → HTTP status → calls: found by three look-ups of texts that are constants. */
type CallCounts = Map<string, Map<string, Map<number, number>>>

const latencyBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120]

/** Makes the metrics; counting a call costs well under a microsecond, the text is put together when asked for. */
export function gatewayMetrics(sources: MetricSources): GatewayMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counts: CallCounts = new Map()
  new Counter({
    name: 'shoal_calls_total',
    help: 'Calls by who answered, why, and HTTP status.',
    labelNames: ['served_by', 'reason', 'status'],
    registers,
    collect() {
      this.reset()
      for (const [served_by, reasons] of counts)
        for (const [reason, statuses] of reasons)
          for (const [status, count] of statuses) this.inc({ served_by, reason, status }, count)
    },
  })
  const lanes = { specialist: latencyHistogram(), upstream: latencyHistogram() }
  const specialistErrors = new Counter({
    name: 'shoal_specialist_errors_total',
    help: 'Predictions and loads of specialists that failed.',
    labelNames: ['task'],
    registers,
  })
  addGauges(sources, registers)
  addUpstreamMetrics(sources.upstreams, registers)
  addAuditMetrics(sources.audits, registers)
  return {
    countCall: (call) => {
      const reasons = getOrMake(counts, call.servedBy)
      const statuses = getOrMake(reasons, call.reason)
      statuses.set(call.status, (statuses.get(call.status) ?? 0) + 1)
      const lane = call.servedBy === 'upstream' ? lanes.upstream : lanes.specialist
      lane.add(call.latencyMs / 1000)
    },
    countSpecialistError: (task) => specialistErrors.inc({ task }),
    text: async () => `${await registry.metrics()}\n${latencyText(lanes)}`,
    contentType: registry.contentType,
  }
}

/** Counts by bucket; prom-client's own histogram looks its labels up at every observation, which costs more than all the rest. */
interface LatencyHistogram {
  add(seconds: number): void
  readonly counts: Float64Array
  sum(): number
}

function latencyHistogram(): LatencyHistogram {
  const counts = new Float64Array(latencyBuckets.length + 1)
  let sum = 0
  return {
    add: (seconds) => {
      let at = 0
      while (at < latencyBuckets.length && seconds > latencyBuckets[at]!) at++
      counts[at]!++
      sum += seconds
    },
    counts,
    sum: () => sum,
  }
}

/** The text format of Prometheus, version 0.0.4. */
function latencyText(lanes: { readonly [servedBy: string]: LatencyHistogram }): string {
  const name = 'shoal_call_seconds'
  const lines = [
    `# HELP ${name} From the request to the end of its answer, seconds.`,
    `# TYPE ${name} histogram`,
  ]
  for (const [servedBy, { counts, sum }] of Object.entries(lanes)) {
    const label = `served_by="${servedBy}"`
    let below = 0
    for (const [at, count] of counts.entries()) {
      below += count
      lines.push(`${name}_bucket{le="${latencyBuckets[at] ?? '+Inf'}",${label}} ${below}`)
    }
    lines.push(`${name}_sum{${label}} ${sum()}`, `${name}_count{${label}} ${below}`)
  }
  return `${lines.join('\n')}\n`
}

function getOrMake<K, V>(map: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const there = map.get(key)
  if (there) return there
  const made = new Map<K, V>()
  map.set(key, made)
  return made
}

/** The weights in memory, and what came and went. */
function addWeightGauges(weights: () => ShelfCounts, registers: Registry[]): void {
  const gauges: { readonly [name: string]: readonly [help: string, count: (counts: ShelfCounts) => number] } =
    {
      shoal_specialists_loaded: ['Specialists whose weights are in memory.', ({ loaded }) => loaded],
      shoal_specialist_memory_bytes: ['Memory that weights of specialists take.', (of) => of.sizeBytes],
      shoal_specialist_loads: ['Loads of weights since the start.', ({ loads }) => loads],
      shoal_specialist_load_failures: ['Loads that failed since the start.', ({ failures }) => failures],
      shoal_specialist_evictions: [
        'Specialists whose weights left memory to make room, since the start.',
        ({ evictions }) => evictions,
      ],
    }
  for (const [name, [help, count]] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(count(weights()))
      },
    })
  }
}

function addGauges(sources: MetricSources, registers: Registry[]): void {
  new Gauge({
    name: 'shoal_forwarding',
    help: 'Calls that are being forwarded at this moment.',
    registers,
    collect() {
      this.set(sources.forwarding())
    },
  })
  new Gauge({
    name: 'shoal_specialist_problems',
    help: 'Promoted specialists that cannot be loaded.',
    registers,
    collect() {
      this.set(sources.specialistProblems())
    },
  })
  addWeightGauges(sources.weights, registers)
  new Gauge({
    name: 'shoal_recorder_calls',
    help: 'Calls that the recorder has taken, kept, dropped or failed to keep, since the start.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, count] of Object.entries(sources.recorderCounters())) this.set({ kind }, count)
    },
  })
}
