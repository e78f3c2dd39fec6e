/** A thousand calls of six usage shapes through the built gateway: does the ledger say what the price table says? */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JsonObject } from '../src/base/json.ts'
import { type MoneyCall, moneyCalls, moneyDue, moneyShapes } from '../test/support/money-calls.ts'
import { moneyUpstream, sendMoneyCalls } from '../test/support/money-upstream.ts'
import { startGateway } from './gateway-setup.ts'
import type { Bench, Figure } from './harness.ts'

const count = 1000
const atOnce = 8

export const bench: Bench = {
  name: 'money',
  title:
    "money: on 1,000 recorded calls of six usage shapes the ledger's total equals the price table's arithmetic to the cent",
  run: async ({ seed }) => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-money-'))
    const calls = moneyCalls(count, seed)
    const upstream = await moneyUpstream(calls)
    try {
      const gateway = await startGateway(folder, { yaml: `upstream:\n  url: ${upstream.url.href}\n` })
      const wrong = await sendMoneyCalls(gateway.url, calls, { atOnce })
      await gateway.stop()
      const said = ledgerOf(folder)
      return {
        seed,
        options: { count, atOnce, shapes: [...moneyShapes] },
        data: { 'generated calls': digestOf(calls) },
        figures: figuresOf(calls, { said, wrong }),
        results: { ledger: said, seenOtherwise: [...wrong] },
      }
    } finally {
      await upstream.close()
      await rm(folder, { recursive: true })
    }
  },
}

interface Said extends JsonObject {
  readonly calls: number
  readonly counted: number
  readonly unpriced: number
  readonly costUsd: number
}

/** What the built command says. */
function ledgerOf(folder: string): Said {
  const command =
    process.env['SHOAL_COMMAND'] ?? fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
  const output = execFileSync(process.execPath, [command, 'ledger', '--json'], {
    cwd: folder,
    env: { ...process.env, SHOAL_HOME: folder },
    encoding: 'utf8',
  })
  const { calls, counted, unpriced, costUsd }: Said = JSON.parse(output)
  return { calls, counted, unpriced, costUsd }
}

function figuresOf(
  calls: readonly MoneyCall[],
  { said, wrong }: { readonly said: Said; readonly wrong: readonly number[] },
): readonly Figure[] {
  const due = moneyDue(calls)
  const cents = (due.picoUsd + 5_000_000_000n) / 10_000_000_000n
  const dueText = `$${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`
  const saidText = `$${said.costUsd.toFixed(2)}`
  const offNano = Number(BigInt(Math.round(said.costUsd * 1e9)) * 1000n - due.picoUsd) / 1000
  return [
    {
      what: "the ledger's total of 1,000 calls of six usage shapes",
      measured: `${saidText} (off by ${offNano.toFixed(1)} billionths of a dollar, from rounding each row to one)`,
      target: `${dueText}, the price table's arithmetic in whole numbers`,
      met: saidText === dueText,
    },
    {
      what: 'calls kept, with the tokens that the upstream reported',
      measured: `${said.calls}, ${said.calls - said.counted}`,
      target: `${count}, ${count}`,
      met: said.calls === count && said.counted === 0,
    },
    {
      what: 'calls of a model without a price, marked so and not 0',
      measured: `${said.unpriced}`,
      target: `${due.unpriced}`,
      met: said.unpriced === due.unpriced,
    },
    {
      what: 'answers that the client saw otherwise than the upstream meant them',
      measured: `${wrong.length}`,
      target: '0',
      met: wrong.length === 0,
    },
  ]
}

function digestOf(calls: readonly MoneyCall[]): string {
  const hash = createHash('sha256')
  for (const { path, body, seen } of calls) hash.update(JSON.stringify([path, body, seen]))
  return hash.digest('hex')
}
