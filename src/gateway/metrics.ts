/** The gateway's metrics for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Call } from '../wire/call.ts'

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
}

interface CallSeries {
  readonly labels: { readonly served_by: string; readonly reason: string; readonly status: string }
  count: number
}

const latencyBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120]

/** Makes the metrics; counting a call costs well under a microsecond, the text is put together when asked for. */
export function gatewayMetrics(sources: MetricSources): GatewayMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const series = new Map<string, CallSeries>()
  new Counter({
    name: 'shoal_calls_total',
    help: 'Calls by who answered, why, and HTTP status.',
    labelNames: ['served_by', 'reason', 'status'],
    registers,
    collect() {
      this.reset()
      for (const { labels, count } of series.values()) this.inc(labels, count)
    },
  })
  const seconds = new Histogram({
    name: 'shoal_call_seconds',
    help: 'From the request to the end of its answer, seconds.',
    labelNames: ['served_by'],
    buckets: latencyBuckets,
    registers,
  })
  const local = seconds.labels('specialist')
  const upstream = seconds.labels('upstream')
  const specialistErrors = new Counter({
    name: 'shoal_specialist_errors_total',
    help: 'Predictions and loads of specialists that failed.',
    labelNames: ['task'],
    registers,
  })
  addGauges(sources, registers)
  return {
    countCall: (call) => {
      const key = `${call.servedBy}\n${call.reason}\n${call.status}`
      const there = series.get(key)
      if (there) there.count++
      else series.set(key, { labels: labelsOf(call), count: 1 })
      const child = call.servedBy === 'upstream' ? upstream : local
      child.observe(call.latencyMs / 1000)
    },
    countSpecialistError: (task) => specialistErrors.inc({ task }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function labelsOf(call: Pick<Call, 'servedBy' | 'reason' | 'status'>): CallSeries['labels'] {
  return { served_by: call.servedBy, reason: call.reason, status: String(call.status) }
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
