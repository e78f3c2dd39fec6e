import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newCallId } from '../base/ids.ts'
import type { Call, Usage } from '../wire/call.ts'
import { priceCall } from './cost.ts'
import { meterCall } from './ledger-row.ts'
import { listPrices, priceOf, priceTable } from './prices.ts'
import { usageOfCall } from './usage.ts'

const usage = (promptTokens: number, completionTokens: number, cachedTokens?: number): Usage => ({
  promptTokens,
  completionTokens,
  ...(cachedTokens !== undefined && { cachedTokens }),
  source: 'reported',
})

describe('prices', () => {
  test.each([
    ['gpt-4o', usage(1_000_000, 1_000_000), 12.5],
    ['gpt-4o', usage(1, 0), 0.0000025],
    ['gpt-4o', usage(1234, 567), 0.008755],
    ['gpt-4o', usage(1000, 0, 400), 0.002],
    ['gpt-4o-mini-2024-07-18', usage(800, 12), 0.0001272],
    ['gpt-4o-2024-05-13', usage(1000, 1000), 0.02],
    ['claude-sonnet-4-5-20250929', usage(3000, 200), 0.012],
    ['claude-3-5-haiku-latest', usage(1000, 100), 0.0012],
    ['gpt-4-turbo', usage(1000, 0, 1000), 0.01],
    ['gpt-4o', usage(100, 0, 900), 0.000125],
  ])('%s of %o costs $%d', (model, used, expected) => {
    expect(Math.abs(priceCall(used, model, listPrices)! - expected)).toBeLessThan(1e-9)
  })

  const claude = (counts: Partial<Usage>): Usage => ({ ...usage(10_000, 100), ...counts })
  test.each([
    ['what is written to the cache costs more', claude({ cacheWriteTokens: 4000 }), 0.018 + 0.015 + 0.0015],
    [
      'an hour in the cache costs more still',
      claude({ cacheWriteTokens: 4000, cacheWriteHourTokens: 1000 }),
      0.018 + 0.01125 + 0.006 + 0.0015,
    ],
    ['what is read from it costs a tenth', claude({ cachedTokens: 10_000 }), 0.003 + 0.0015],
    ['a long prompt costs twice', claude({ promptTokens: 200_001 }), 1.200006 + 0.00225],
    ['one that is just short enough does not', claude({ promptTokens: 200_000 }), 0.6 + 0.0015],
  ])('%s', (_, used, expected) => {
    expect(priceCall(used, 'claude-sonnet-4-5', listPrices)).toBeCloseTo(expected, 9)
  })

  test('spoken tokens have prices of their own; where none is known the call has none', () => {
    const spoken = { ...usage(1000, 100), audioPromptTokens: 400, audioCompletionTokens: 50 }
    expect(priceCall(spoken, 'gpt-4o', listPrices)).toBeUndefined()
    const models = { voice: { inputUsd: 1, outputUsd: 2, audioInputUsd: 10, audioOutputUsd: 20 } }
    const table = priceTable({ override: { date: '2026-02-03', models } })
    expect(priceCall(spoken, 'voice', table)).toBeCloseTo((600 + 4000 + 100 + 1000) / 1e6, 12)
  })

  test('money is the arithmetic of whole numbers, rounded once to a billionth of a dollar', () => {
    const tokens = fc.integer({ min: 0, max: 100_000_000 })
    fc.assert(
      fc.property(tokens, tokens, fc.integer({ min: 0, max: 1e9 }), (input, output, micro) => {
        const models = { m: { inputUsd: micro / 1e6, outputUsd: 0.075 } }
        const table = priceTable({ override: { date: '2026-02-03', models } })
        const pico = BigInt(input) * BigInt(micro) + BigInt(output) * 75_000n
        const nano = priceCall(usage(input, output), 'm', table)! * 1e9
        expect(BigInt(Math.round(nano))).toBe((pico + 500n) / 1000n)
      }),
    )
  })

  test('a model without a known price has no cost, which is not 0', () => {
    for (const model of ['my-own-model', 'gpt-4o-ultra', 'constructor', ''])
      expect(priceCall(usage(1, 1), model, listPrices)).toBeUndefined()
  })

  test("the user's prices stand over the list's and the table says whose they are", () => {
    const table = priceTable({
      override: {
        date: '2026-02-03',
        models: { 'gpt-4o': { inputUsd: 1, outputUsd: 2 }, own: { inputUsd: 0, outputUsd: 0 } },
      },
    })
    expect(table.date).toBe('2026-02-03')
    expect(table.source).toContain('your own prices')
    expect(priceCall(usage(1_000_000, 1_000_000, 1_000_000), 'gpt-4o', table)).toBe(3)
    expect(priceCall(usage(5, 5), 'own', table)).toBe(0)
    expect(priceOf('gpt-4.1', table)).toEqual(priceOf('gpt-4.1', listPrices))
  })

  test('a wrong record of prices is refused with the place of the mistake', () => {
    const override = { date: '2026-02-03', models: { own: { inputUsd: -1, outputUsd: 2 } } }
    expect(() => priceTable({ override, file: 'shoal.yaml' })).toThrow(/shoal\.yaml: .*models\.own\.inputUsd/)
    expect(() => priceTable({ override: { date: 'May', models: {} } })).toThrow(/date/)
  })
})

const call = (changes: Partial<Call> = {}): Call => ({
  id: newCallId(1),
  atMs: 1,
  method: 'POST',
  path: '/v1/chat/completions',
  wire: 'openai-chat',
  model: 'gpt-4o' as NonNullable<Call['model']>,
  servedBy: 'upstream',
  reason: 'no-task',
  streaming: false,
  status: 200,
  request: '{"model":"gpt-4o","messages":[{"role":"user","content":"12345678"}]}',
  response: '{"choices":[{"message":{"role":"assistant","content":"spam"}}]}',
  latencyMs: 10,
  ...changes,
})

describe('usage', () => {
  test('what the upstream reported counts, cached tokens included', () => {
    const response =
      '{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":8}}}'
    expect(usageOfCall(call({ response }))).toEqual(usage(10, 2, 8))
    expect(usageOfCall(call({ usage: usage(1, 2) }))).toEqual(usage(1, 2))
  })

  test('without a report it is counted by the rule and says so', () => {
    expect(usageOfCall(call())).toEqual({
      promptTokens: 6,
      completionTokens: 1,
      source: 'counted',
      countedBy: 'bytes',
    })
  })

  test('tool calls of an answer are counted too', () => {
    const response =
      '{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]}'
    expect(usageOfCall(call({ response }))!.completionTokens).toBeGreaterThan(5)
  })

  test('of a call that is not understood nothing is known', () => {
    expect(usageOfCall(call({ wire: 'opaque' }))).toBeUndefined()
    expect(usageOfCall(call({ response: 'half an ans' }))).toBeUndefined()
  })
})

describe('the row of the ledger', () => {
  test('an upstream call costs its price and avoids nothing', () => {
    expect(meterCall(call({ usage: usage(1000, 100) }), { prices: listPrices })).toMatchObject({
      costUsd: 0.0035,
      avoidedUsd: 0,
      tokensAre: 'reported',
      priceDate: listPrices.date,
      cpuMs: 0,
    })
  })

  test('a local call costs nothing and avoids what the upstream would have been paid', () => {
    const local = call({ servedBy: 'mail@1 (nano)', usage: usage(1000, 100), cpuMs: 0.05 })
    expect(meterCall(local, { prices: listPrices })).toMatchObject({
      costUsd: 0,
      avoidedUsd: 0.0035,
      cpuMs: 0.05,
    })
    const upstreamModel = 'gpt-4o-mini' as NonNullable<Call['model']>
    expect(meterCall(local, { prices: listPrices, upstreamModel }).avoidedUsd).toBeCloseTo(0.00021, 12)
  })

  test('a price that is not known is absent', () => {
    const model = 'mystery' as NonNullable<Call['model']>
    expect(meterCall(call({ model, usage: usage(1, 1) }), { prices: listPrices })).not.toHaveProperty(
      'costUsd',
    )
    const local = meterCall(call({ model, servedBy: 'a@1 (nano)' }), { prices: listPrices })
    expect(local.costUsd).toBe(0)
    expect(local).not.toHaveProperty('avoidedUsd')
    expect(meterCall(call({ wire: 'opaque' }), { prices: listPrices })).not.toHaveProperty('costUsd')
  })

  test('a refused call costs nothing', () => {
    expect(meterCall(call({ status: 429 }), { prices: listPrices }).costUsd).toBe(0)
    expect(
      meterCall(call({ status: 502, error: 'upstream.broken-off' }), { prices: listPrices }).costUsd,
    ).toBe(0)
  })

  test.each([
    [499, 'request.client-left'],
    [401, 'key.revoked'],
    [502, 'upstream.broken-off'],
  ])('a stream that ended in the middle with %i costs what came of it', (status, error) => {
    const streamed = { streaming: true, firstByteMs: 3 }
    const whole = meterCall(call(streamed), { prices: listPrices })
    const broken = meterCall(call({ ...streamed, status, error }), { prices: listPrices })
    expect(broken.costUsd).toBe(whole.costUsd)
    expect(broken.costUsd).toBeGreaterThan(0)
    const { response: _, ...nothing } = call({ ...streamed, status, error })
    expect(meterCall(nothing, { prices: listPrices })).not.toHaveProperty('costUsd')
  })
})
