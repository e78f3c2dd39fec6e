/** The ledger as a person reads it in a terminal: what was saved, its parts, then what the figures rest on. */
import pc from 'picocolors'
import { upstreamEnergy } from '../meter/energy.ts'
import type { PriceTable } from '../meter/prices.ts'
import type { LedgerLine, LedgerReport } from '../pipeline/ledger-report.ts'
import type { LedgerGrouping } from '../trace/store.ts'
import { countText, durationText, energyText, usdText } from './money.ts'
import { formatTable } from './terminal.ts'

export interface LedgerTextOptions {
  readonly prices: PriceTable
  readonly usdPerCpuHour: number
  readonly wattsPerCpu: number
  readonly by?: LedgerGrouping
}

/** The whole text, with colours where the terminal has them. */
export function ledgerText(report: LedgerReport, options: LedgerTextOptions): string {
  if (report.totals.calls + report.totals.audits + report.training.runs === 0)
    return 'No calls yet. Send some through the gateway (`shoal serve`), or import a log (`shoal import FILE --task TASK`).'
  return [
    headText(report),
    moneyText(report, options),
    ...(options.by ? [linesText(report.lines, options.by)] : []),
    energyLines(report, options),
    notesText(report, options),
  ].join('\n\n')
}

function headText({ totals, activeDays }: LedgerReport): string {
  const share = totals.calls === 0 ? '' : ` (${percent(totals.local / totals.calls)})`
  const audits = totals.audits > 0 ? `, ${countText(totals.audits)} of them checked upstream` : ''
  return `${pc.bold(countText(totals.calls))} calls on ${plural(activeDays, 'day')}, ${pc.bold(countText(totals.local))} answered locally${share}${audits}`
}

const estimated = pc.dim('estimated')

function moneyText(
  { totals, savings, training, breakEven }: LedgerReport,
  options: LedgerTextOptions,
): string {
  const atPrice = `${usdText(options.usdPerCpuHour)} a CPU-hour`
  const share =
    savings.upstreamAloneUsd > 0 ? `${percent(savings.savedUsd / savings.upstreamAloneUsd)}  ` : ''
  const colour = savings.savedUsd > 0 ? pc.green : savings.savedUsd < 0 ? pc.yellow : (text: string) => text
  const audits = totals.audits > 0 ? [['  audits', usdText(savings.auditsUsd), countText(totals.audits)]] : []
  const trained =
    training.runs > 0
      ? [
          [
            '  training',
            usdText(savings.trainingUsd),
            `${plural(training.runs, 'run')}, ${durationText(training.cpuMs)} of CPU at ${atPrice}  ${estimated}`,
          ],
        ]
      : []
  return formatTable(
    [
      ['the upstream alone', usdText(savings.upstreamAloneUsd), ''],
      ['spent', usdText(savings.spentUsd), ''],
      ["  clients' calls upstream", usdText(savings.clientCallsUsd), ''],
      ...audits,
      ...trained,
      [
        '  local answers',
        usdText(savings.answersUsd),
        `${durationText(totals.cpuMs)} of CPU at ${atPrice}  ${estimated}`,
      ],
      [pc.bold('saved'), pc.bold(colour(usdText(savings.savedUsd))), `${share}${breakEvenText(breakEven)}`],
    ],
    { right: [1] },
  )
}

function breakEvenText(state: LedgerReport['breakEven']): string {
  switch (state.kind) {
    case 'nothing-to-pay-back':
      return ''
    case 'too-early':
      return `too early to say when training is paid back: calls in ${state.blocks} stretches of time, ${state.needed} are needed`
    case 'paid-back':
      return `training was paid back within ${countText(state.calls)} calls, ${dayText(state.atMs)}`
    case 'never':
      return 'training is not paid back at this rate'
    case 'expected': {
      const high = state.callsHigh === undefined ? 'never' : countText(state.callsHigh)
      return `training is paid back after about ${countText(state.calls)} calls, ${daysText(state.days)} (95%: ${countText(state.callsLow)} to ${high})`
    }
  }
}

const groupHeads: {
  readonly [Grouping in LedgerGrouping]: { readonly head: string; readonly none: string }
} = {
  task: { head: 'task', none: '(no task)' },
  tier: { head: 'answered by', none: '' },
  model: { head: 'model', none: '(no model)' },
  key: { head: 'key', none: '(no key)' },
  day: { head: 'day (UTC)', none: '' },
  hour: { head: 'hour (UTC)', none: '' },
  minute: { head: 'minute (UTC)', none: '' },
}

/** The name of a line's group; times as ISO 8601 writes them, as far as they are meant. */
export function groupText(line: LedgerLine, by: LedgerGrouping): string {
  if (line.fromMs === undefined) return line.name ?? groupHeads[by].none
  const text = new Date(line.fromMs).toISOString()
  return by === 'day' ? text.slice(0, 10) : text.slice(0, 16)
}

function linesText(lines: readonly LedgerLine[], by: LedgerGrouping): string {
  const hasUnpriced = lines.some(({ unpriced }) => unpriced > 0)
  const head = [groupHeads[by].head, 'calls', 'local', 'upstream alone', 'spent', 'saved', 'energy here']
  const rows = lines.map((line) => [
    groupText(line, by),
    countText(line.calls),
    line.calls === 0 ? '' : percent(line.local / line.calls),
    usdText(line.savings.upstreamAloneUsd),
    usdText(line.savings.spentUsd),
    usdText(line.savings.savedUsd),
    energyText(line.energyJoules),
    ...(hasUnpriced ? [line.unpriced > 0 ? pc.yellow(countText(line.unpriced)) : ''] : []),
  ])
  const heads = [...head, ...(hasUnpriced ? ['no price'] : [])].map((text) => pc.dim(text))
  return formatTable([heads, ...rows], { right: [1, 2, 3, 4, 5, 6, 7] })
}

function energyLines({ totals, training }: LedgerReport, { wattsPerCpu }: LedgerTextOptions): string {
  const assumed = `${estimated}: CPU time at ${wattsPerCpu} W`
  const isCounted = training.energyIs.every((source) => source !== 'cpu-time')
  const trained = isCounted ? `measured: ${training.energyIs.join(', ')}` : assumed
  const range = ({ low, high }: { readonly low: number; readonly high: number }): string =>
    `${energyText(low)} to ${energyText(high)}`
  return formatTable([
    ['energy of local answers', energyText(totals.energyJoules), assumed],
    ...(training.runs > 0 ? [['energy of training', energyText(training.energyJoules), trained]] : []),
    ['energy the upstream used', range(totals.upstreamJoules), `${estimated}: published ranges`],
    ['energy it was spared', range(totals.avoidedJoules), `${estimated}: published ranges`],
  ])
}

function notesText({ totals, unpriced }: LedgerReport, { prices }: LedgerTextOptions): string {
  const all = totals.calls + totals.audits
  const cached = totals.cachedTokens > 0 ? ` (${countText(totals.cachedTokens)} from a cache)` : ''
  const thought = totals.reasoningTokens > 0 ? ` (${countText(totals.reasoningTokens)} of reasoning)` : ''
  const models = unpriced
    .slice(0, 3)
    .map(({ model, calls }) => `${model ?? 'no model named'}: ${countText(calls)}`)
  const more = unpriced.length > 3 ? `, and ${unpriced.length - 3} more` : ''
  const counted =
    totals.counted > 0
      ? `of ${countText(totals.counted)} of ${countText(all)} calls they were counted here, the upstream said the others`
      : 'as the upstream said'
  return [
    ...(totals.unpriced > 0
      ? [
          pc.yellow(
            `Not in these sums: ${plural(totals.unpriced, 'call')} without a known price (${models.join(', ')}${more}).`,
          ),
          pc.yellow(
            'Write what the models cost under `prices` in shoal.yaml; calls that come after are priced by it.',
          ),
        ]
      : []),
    pc.dim(
      `Tokens: ${countText(totals.promptTokens)} in${cached}, ${countText(totals.completionTokens)} out${thought}; ${counted}.`,
    ),
    pc.dim(`Prices of ${prices.date}: ${prices.source}.`),
    pc.dim(upstreamEnergy.brief),
  ].join('\n')
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}

function plural(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`
}

function dayText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}

function daysText(days: number): string {
  if (days < 1) return 'less than a day'
  return days < 10 ? `${days.toFixed(1)} days` : `${countText(days)} days`
}
