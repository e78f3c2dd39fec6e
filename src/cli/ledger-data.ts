/** The ledger for programs: one JSON document, or CSV with a line a group. */
import Papa from 'papaparse'
import type { Json } from '../base/json.ts'
import { upstreamEnergy } from '../meter/energy.ts'
import type { LedgerLine, LedgerReport } from '../pipeline/ledger-report.ts'
import type { LedgerGrouping, LedgerTotals } from '../trace/store.ts'
import { groupText, type LedgerTextOptions } from './ledger-text.ts'

/** Everything that the text says, with whether it was measured or estimated. */
export function ledgerJson(
  report: LedgerReport,
  options: LedgerTextOptions & { readonly usdPerKilowattHour: number },
): Json {
  const { prices, by, usdPerCpuHour, usdPerKilowattHour, wattsPerCpu } = options
  const { totals, training, savings, breakEven, lines, unpriced, activeDays } = report
  return {
    ...totalsJson(totals),
    activeDays,
    savings,
    training: { ...training, energyIs: [...training.energyIs] },
    breakEven,
    unpricedModels: unpriced.map((model) => ({ ...model })),
    ...(by && { by, groups: lines.map((line) => lineJson(line, by)) }),
    assumptions: {
      prices: { date: prices.date, source: prices.source },
      usdPerCpuHour,
      usdPerKilowattHour,
      wattsPerCpu,
      upstreamEnergy,
    },
  }
}

function totalsJson(totals: LedgerTotals): { [name: string]: Json } {
  return { ...totals, energyIs: 'cpu-time', upstreamEnergyIs: 'estimated' }
}

function lineJson(line: LedgerLine, by: LedgerGrouping): Json {
  const { name, fromMs, savings, trainings, ...totals } = line
  return {
    ...(name !== undefined && { name }),
    ...(fromMs !== undefined && { from: groupText(line, by) }),
    ...totalsJson(totals),
    savings,
    trainings,
  }
}

/** A line a group, or one of all calls where there is no grouping; money in US dollars, energy in joules. */
export function ledgerCsv(report: LedgerReport, by: LedgerGrouping | undefined): string {
  const all = { ...report.totals, savings: report.savings, trainings: report.training.runs }
  const rows = by
    ? report.lines.map((line) => ({ [by]: groupText(line, by), ...csvRow(line) }))
    : [csvRow(all)]
  const columns = [...(by ? [by] : []), ...Object.keys(csvRow(all))]
  return Papa.unparse(
    { fields: columns, data: rows.map((row) => columns.map((name) => row[name])) },
    { newline: '\n' },
  )
}

function csvRow(line: LedgerTotals & Pick<LedgerLine, 'savings' | 'trainings'>): {
  readonly [column: string]: string | number
} {
  const { savings } = line
  return {
    calls: line.calls,
    local: line.local,
    audits: line.audits,
    unpriced: line.unpriced,
    counted: line.counted,
    prompt_tokens: line.promptTokens,
    completion_tokens: line.completionTokens,
    cached_tokens: line.cachedTokens,
    cache_write_tokens: line.cacheWriteTokens,
    reasoning_tokens: line.reasoningTokens,
    upstream_alone_usd: plain(savings.upstreamAloneUsd),
    spent_usd: plain(savings.spentUsd),
    saved_usd: plain(savings.savedUsd),
    client_calls_usd: plain(savings.clientCallsUsd),
    audits_usd: plain(savings.auditsUsd),
    training_usd_estimated: plain(savings.trainingUsd),
    answers_usd_estimated: plain(savings.answersUsd),
    trainings: line.trainings,
    cpu_ms: plain(line.cpuMs),
    energy_joules_estimated: plain(line.energyJoules),
    upstream_joules_low_estimated: plain(line.upstreamJoules.low),
    upstream_joules_high_estimated: plain(line.upstreamJoules.high),
    spared_joules_low_estimated: plain(line.avoidedJoules.low),
    spared_joules_high_estimated: plain(line.avoidedJoules.high),
  }
}

/** Without an exponent and without the last digits of floating numbers: spreadsheets read both wrongly. */
function plain(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, '')
}
