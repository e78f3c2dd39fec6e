/** Shows the demonstration: a block that is redrawn on a terminal, a line every few seconds elsewhere. */
import pc from 'picocolors'
import { type DemoState, latencyQuantile, moneyUsd } from './state.ts'

export interface DemoView {
  draw(state: DemoState): void
  /** Draws a last time and leaves the block standing. */
  end(state: DemoState): void
}

const plainEveryMs = 2000

/** A view on a stream; it draws only when told to. */
export function createView(stream: NodeJS.WriteStream): DemoView {
  let [height, lastMs] = [0, 0]
  const redraw = (state: DemoState): void => {
    const lines = blockLines(state).map((line) => `\u001b[2K${line}\n`)
    stream.write((height > 0 ? `\u001b[${height}A` : '') + lines.join(''))
    height = lines.length
  }
  const plain = (state: DemoState, isLast: boolean): void => {
    if (!isLast && performance.now() - lastMs < plainEveryMs) return
    lastMs = performance.now()
    stream.write(`${plainLine(state)}\n`)
  }
  return stream.isTTY
    ? { draw: redraw, end: redraw }
    : {
        draw: (state) => plain(state, false),
        end: (state) => stream.write(`${blockLines(state).join('\n')}\n`),
      }
}

function blockLines(state: DemoState): readonly string[] {
  const { local, upstream, stated } = state
  const answered = local.calls + upstream.calls
  return [
    `  ${phaseLine(state)}`,
    `  ${meter(answered + state.failed, state.mails)}`,
    '',
    row('answered locally', shareLine(state)),
    row('promised', promiseLine(state)),
    row('realised', realisedLine(state)),
    row('latency, local', latencyLine(local)),
    row(
      'latency, upstream',
      `${latencyLine(upstream)}${pc.dim(`  (${stated.standInLatencyMs} ms of it is the stand-in's stated wait)`)}`,
    ),
    row(
      'money',
      `${dollars(moneyUsd(upstream, stated))} spent, ${pc.green(dollars(moneyUsd(local, stated)))} not spent${pc.dim('  (at the stated price)')}`,
    ),
    row('failed calls', state.failed === 0 ? '0' : pc.red(`${state.failed}  ${state.lastProblem ?? ''}`)),
  ]
}

function row(name: string, value: string): string {
  return `  ${pc.bold(name.padEnd(18))} ${value}`
}

function phaseLine(state: DemoState): string {
  const { phase } = state
  const kept = state.local.calls + state.upstream.calls
  const texts: { [Kind in typeof phase.kind]: () => string } = {
    gathering: () =>
      `${pc.cyan('1 gathering')}  ${kept} calls kept; a specialist is trained at ${phase.kind === 'gathering' ? phase.needed : ''}`,
    training: () =>
      `${pc.yellow('2 training')}   a nano specialist, in its own process, while calls go on (${phase.kind === 'training' ? seconds(performance.now() - phase.sinceMs) : ''})`,
    serving: () =>
      `${pc.green('3 serving')}    ${phase.kind === 'serving' ? `${phase.specialist}, trained and certified in ${seconds(phase.trainedInMs)}, promoted while calls went on` : ''}`,
    'not-promoted': () => `${pc.red('3 not promoted')}  ${phase.kind === 'not-promoted' ? phase.why : ''}`,
  }
  return texts[phase.kind]()
}

function meter(done: number, total: number): string {
  const width = 40
  const filled = Math.round((width * done) / total)
  return `${pc.cyan('━'.repeat(filled))}${pc.dim('─'.repeat(width - filled))} ${done.toLocaleString('en')} of ${total.toLocaleString('en')} mails`
}

function shareLine(state: DemoState): string {
  const { calls, local } = state.sincePromotion
  if (calls === 0) return pc.dim('none yet')
  const first =
    state.firstLocalMs === undefined
      ? ''
      : pc.dim(`, the first ${seconds(state.firstLocalMs)} after the start`)
  return `${pc.green(percent(local / calls))} of the calls since promotion (${local.toLocaleString('en')} of ${calls.toLocaleString('en')})${first}`
}

function promiseLine(state: DemoState): string {
  if (state.phase.kind !== 'serving') return pc.dim('nothing yet')
  const { certificate } = state.phase
  const { calibration } = certificate
  return `at most ${percent(certificate.risk)} wrong with probability ${percent(1 - certificate.delta)}; bound ${percent(calibration.bound)} (${calibration.errors} of ${calibration.n} held-out calls wrong)`
}

function realisedLine(state: DemoState): string {
  if (state.local.calls === 0) return pc.dim('nothing yet')
  return `${percent(state.local.wrong / state.local.calls)} wrong (${state.local.wrong} of ${state.local.calls.toLocaleString('en')} local answers, by the corpus's labels)`
}

function latencyLine(side: DemoState['local']): string {
  const [p50, p99] = [latencyQuantile(side, 0.5), latencyQuantile(side, 0.99)]
  return p50 === undefined || p99 === undefined
    ? pc.dim('none yet')
    : `p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}`
}

function plainLine(state: DemoState): string {
  const answered = state.local.calls + state.upstream.calls
  return `${answered} of ${state.mails} calls, ${state.local.calls} answered locally (${state.local.wrong} wrong), ${state.failed} failed; ${state.phase.kind}`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}

function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`
}

function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`
}

function seconds(valueMs: number): string {
  return `${(valueMs / 1000).toFixed(1)} s`
}
