import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { type LearnedFields, learnFields } from './learn-fields.ts'
import { readFields } from './read-fields.ts'
import { renderFields } from './render-fields.ts'

const random = seededRandom(7)
const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
const names = ['Ada Lovelace', 'Tim Cook', 'Marie Curie', 'José Álvarez', '李小龙', 'Bob Ross', 'Al Gore']
const cities = ['Paris', 'Berlin', 'Rome', 'New York', 'Oslo', 'Bern']
const months = 'January February March April May June July August September October November December'.split(
  ' ',
)

interface Order {
  readonly name: string
  readonly city: string
  readonly amount: number
  readonly year: number
  readonly month: number
  readonly day: number
  readonly reference: string
}

function order(): Order {
  return {
    name: pick(names),
    city: pick(cities),
    amount: 1000 + random.below(900_000) / 100,
    year: 2020 + random.below(6),
    month: 1 + random.below(12),
    day: 1 + random.below(28),
    reference: `REF-${10_000 + random.below(90_000)}`,
  }
}

const two = (value: number): string => String(value).padStart(2, '0')
const iso = ({ year, month, day }: Order): string => `${year}-${two(month)}-${two(day)}`
const spelled = ({ year, month, day }: Order): string =>
  pick([
    `${day} ${months[month - 1]} ${year}`,
    `${months[month - 1]} ${day}, ${year}`,
    `${two(day)}/${two(month)}/${year}`,
    `${year}-${two(month)}-${two(day)}`,
  ])
const english = (amount: number): string =>
  amount.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

function mail(one: Order): string {
  return `Dear team,\n${one.name} from ${one.city} ordered on ${spelled(one)}.\nTotal: ${english(one.amount)} EUR (${one.reference}).\nBest`
}

function rowsOf(count: number, answer: (order: Order, index: number) => string, text = mail) {
  return Array.from({ length: count }, (_, index) => {
    const one = order()
    return { text: text(one), answer: answer(one, index) }
  })
}

function learned(rows: readonly { text: string; answer: string }[]): LearnedFields {
  const result = learnFields(rows)
  if (result.kind === 'refusal') throw new Error(result.message)
  return result
}

/** Every answer that became spans is given back, from the spans and by reading it. */
function expectExact(task: LearnedFields, rows: readonly { text: string; answer: string }[]): void {
  rows.forEach(({ text, answer }, row) => {
    const output = task.outputs[row]!
    if (output.kind !== 'spans') return
    expect(renderFields(task.rendering, text, output.spans)).toBe(answer)
    for (const { start, end, text: piece } of output.spans) expect(text.slice(start, end)).toBe(piece)
    const read = readFields(task.rendering, text, answer)
    if (read !== undefined) expect(renderFields(task.rendering, text, read)).toBe(answer)
  })
}

describe('answers of these shapes are given back byte for byte', () => {
  const shapes: Record<string, (order: Order, index: number) => string> = {
    'an object': (o) => JSON.stringify({ name: o.name, city: o.city, ref: o.reference }),
    'as Python writes it': (o) => `{"name": "${o.name}", "city": "${o.city}"}`,
    indented: (o) => JSON.stringify({ name: o.name, where: { city: o.city } }, undefined, 2),
    'in a fence with words around': (o) =>
      `Here it is:\n\`\`\`json\n${JSON.stringify({ name: o.name }, undefined, 4)}\n\`\`\`\n`,
    'normalised dates and amounts': (o) =>
      JSON.stringify({ date: iso(o), total: Number(o.amount.toFixed(2)), currency: 'EUR' }),
    'amounts as text': (o) => JSON.stringify({ total: o.amount.toFixed(2), city: o.city.toUpperCase() }),
    'a list of entities': (o) =>
      JSON.stringify([
        { text: o.name, type: 'person' },
        { text: o.city, type: 'place' },
      ]),
    'a list inside an object': (o) =>
      JSON.stringify({ entities: [{ type: 'person', value: o.name }], model: 'v1' }),
    'types with their texts': (o) => JSON.stringify({ person: [o.name], place: [o.city], company: [] }),
    lines: (o) => `Name: ${o.name}\nCity: ${o.city}\nReference: ${o.reference}`,
    'one value alone': (o) => o.reference,
    'one value in words': (o) => `The reference is: ${o.reference}`,
    'a value a line': (o) => `- ${o.name}\n- ${o.city}`,
  }
  for (const [name, answer] of Object.entries(shapes)) {
    test(name, () => {
      const rows = rowsOf(80, answer)
      const task = learned(rows)
      expect(task.reproduced, task.notes.join(' ')).toBe(1)
      expectExact(task, rows)
    })
  }

  test('offsets, in UTF-16 units or in characters', () => {
    for (const count of [(text: string) => text.length, (text: string) => [...text].length]) {
      const text = (o: Order): string => `😀 ${mail(o)}`
      const rows = rowsOf(60, () => '', text).map((row) => {
        const name = names.find((one) => row.text.includes(one))!
        const start = count(row.text.slice(0, row.text.indexOf(name)))
        return {
          ...row,
          answer: JSON.stringify([{ start, end: start + count(name), text: name, label: 'person' }]),
        }
      })
      const task = learned(rows)
      expect(task.reproduced).toBe(1)
      expectExact(task, rows)
    }
  })

  test('what is missing is null, left out or an empty text, as the answers have it', () => {
    const text = (o: Order): string =>
      o.day % 3 === 0 ? `Hello from ${o.city}` : `Hello from ${o.city}, ref ${o.reference}`
    for (const without of [{ ref: null }, {}, { ref: '' }, { ref: 'N/A' }]) {
      const rows = rowsOf(80, () => '', text).map((row) => {
        const reference = /REF-\d+/.exec(row.text)?.[0]
        const city = cities.find((one) => row.text.includes(one))!
        return { ...row, answer: JSON.stringify({ city, ...(reference ? { ref: reference } : without) }) }
      })
      const task = learned(rows)
      expect(task.reproduced).toBe(1)
      expectExact(task, rows)
    }
  })

  test('a field missing in three calls of a hundred: absent is how it is written', () => {
    const rows = rowsOf(200, (o, index) =>
      JSON.stringify({ name: o.name, ...(index % 33 === 0 ? {} : { city: o.city }) }),
    )
    const task = learned(rows)
    expect(task.reproduced).toBe(1)
    expect(task.outputs[0]).toMatchObject({ kind: 'spans', spans: [{ label: 'name' }] })
  })

  test('whether a field was found', () => {
    const text = (o: Order): string =>
      o.day % 2 === 0 ? `From ${o.city}` : `From ${o.city}, ref ${o.reference}`
    const rows = rowsOf(80, () => '', text).map((row) => {
      const reference = /REF-\d+/.exec(row.text)?.[0] ?? null
      return { ...row, answer: JSON.stringify({ reference, has_reference: reference !== null }) }
    })
    const task = learned(rows)
    expect(task.reproduced).toBe(1)
    expectExact(task, rows)
  })
})

test('of several places of a value the one after its usual words is taken', () => {
  const rows = Array.from({ length: 100 }, () => {
    const [a, b] = [pick(cities), pick(cities)]
    return { text: `Seen in ${a}. Deliver to ${b}, not ${a}.`, answer: JSON.stringify({ deliver: b }) }
  })
  const task = learned(rows)
  for (const [row, output] of task.outputs.entries()) {
    if (output.kind !== 'spans') throw new Error('not given back')
    expect(rows[row]!.text.slice(0, output.spans[0]!.start)).toMatch(/Deliver to $/)
  }
})

test('answers that are not given back stay as texts, and the notes say why', () => {
  const rows = rowsOf(100, (o, index) =>
    index % 10 === 0 ? '{"name": "somebody else"}' : JSON.stringify({ name: o.name }),
  )
  const task = learned(rows)
  expect(task.reproduced).toBeCloseTo(0.9, 9)
  expect(task.outputs[0]).toEqual({ kind: 'text', text: '{"name": "somebody else"}' })
  expect(task.notes.join(' ')).toMatch(
    /90 of 100 answers \(90.0%\) .* 10 × "name" does not stand in the input/,
  )
})

describe('it refuses', () => {
  test('a field whose values are chosen, naming them', () => {
    const result = learnFields(
      rowsOf(80, (o) => JSON.stringify({ name: o.name, mood: o.day % 2 ? 'glad' : 'sad' })),
    )
    expect(result).toMatchObject({ kind: 'refusal', reason: 'not-in-input' })
    expect(result.kind === 'refusal' && result.message).toMatch(
      /"mood": its 2 values \("\w+", "\w+"\) are chosen/,
    )
  })

  test('a summary, records, and answers without form', () => {
    const summary = learnFields(
      rowsOf(60, (o, i) => JSON.stringify({ summary: `Something ${i} about ${o.name}` })),
    )
    expect(summary).toMatchObject({ kind: 'refusal', reason: 'not-in-input' })
    const records = learnFields(
      rowsOf(60, (o) => JSON.stringify({ people: [{ name: o.name, city: o.city }] })),
    )
    expect(records).toMatchObject({ kind: 'refusal', reason: 'not-in-input' })
    expect(learnFields([])).toMatchObject({ kind: 'refusal' })
    expect(learnFields(rowsOf(60, (_, index) => `Well, ${index * 7919} it is hard to say`))).toMatchObject({
      kind: 'refusal',
    })
  })

  test('a date rule that most answers contradict', () => {
    const wrong = learnFields(rowsOf(80, (o) => JSON.stringify({ date: `${o.year + 1}-01-01` })))
    expect(wrong).toMatchObject({ kind: 'refusal' })
  })
})

test('a span that its rule cannot read, and a field that was never missing, give no answer', () => {
  const task = learned(rowsOf(80, (o) => JSON.stringify({ total: Number(o.amount.toFixed(2)) })))
  const text = 'Total: about ten'
  expect(renderFields(task.rendering, text, [])).toBeUndefined()
  expect(
    renderFields(task.rendering, text, [{ start: 7, end: 16, label: 'total', text: 'about ten' }]),
  ).toBeUndefined()
})

test('whatever is learned from random objects gives the answers back that it says it does', () => {
  const value = fc.stringMatching(/^[A-Za-z0-9"\\/é漢 ]{1,8}$/)
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ a: value, b: fc.option(value, { nil: null }), c: fc.array(value, { maxLength: 3 }) }),
        { minLength: 25, maxLength: 40 },
      ),
      fc.constantFrom(undefined, 2, '\t'),
      (answers, indent) => {
        const rows = answers.map((answer) => ({
          text: `x: ${answer.a}; ${answer.b ?? ''}; ${answer.c.join(' | ')} end`,
          answer: JSON.stringify(answer, undefined, indent),
        }))
        const result = learnFields(rows)
        if (result.kind === 'refusal') expect(result.message.length).toBeGreaterThan(20)
        else expectExact(result, rows)
      },
    ),
    { seed: 5, numRuns: 60 },
  )
})
