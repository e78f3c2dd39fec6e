/**
 * The whole of Shoal in one file: rows → train → certify → serve → ask. Run it with `npm run speedrun`.
 * The rows are made here by a seeded rule (support mail of four sorts), so that it needs neither download nor key.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { seededRandom } from '../src/base/random.ts'
import {
  cardMarkdown,
  createLog,
  createNanoTier,
  defaultConfiguration,
  type Example,
  exampleId,
  gatherRows,
  openDiskRegistry,
  openHome,
  openLibsqlStore,
  plainBaselines,
  startServing,
  systemClock,
  taskId,
  trainSpecialist,
} from '../src/index.ts'

// 1. Rows: a text and its label. Yours come from a file (`shoal import`) or from the calls that the gateway kept.
const openings = ['Hello,', 'Hi there,', 'Dear team,', 'Good morning.', 'Hey,', 'To whom it may concern:']
const bodies: { readonly [label: string]: readonly string[] } = {
  refund: [
    'I want my money back for order',
    'please refund the payment for',
    'you charged me twice for',
    'when do I get the refund for',
  ],
  delivery: [
    'where is my parcel with',
    'the courier never came with',
    'tracking shows nothing for',
    'the box arrived broken, it held',
  ],
  account: [
    'I cannot log in to see',
    'please change the address on',
    'my password does not work for',
    'delete the account that bought',
  ],
  praise: [
    'thank you for the quick help with',
    'great service, I love',
    'five stars for',
    'my family is very happy with',
  ],
}
const things = [
  'the blue kettle',
  'two garden chairs',
  'a winter coat',
  'the coffee machine',
  'my new headphones',
  "the children's books",
]
const random = seededRandom(7)
const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!

function makeExample(): Example {
  const label = pick(Object.keys(bodies))
  // One row in fifty says the wrong thing, as real labels do.
  const said = random.next() < 0.02 ? pick(Object.keys(bodies)) : label
  const input = {
    kind: 'text' as const,
    text: `${pick(openings)} ${pick(bodies[label]!)} ${pick(things)} (no. ${random.below(100_000)})`,
  }
  return {
    id: exampleId(input),
    input,
    output: { kind: 'labels', labels: [said] },
    source: 'gold',
    weight: 1,
  }
}
const examples = Array.from({ length: 2400 }, makeExample)

// 2. A data folder, with the store and the registry in it.
const folder = await mkdtemp(join(tmpdir(), 'shoal-speedrun-'))
const home = await openHome({ environment: { SHOAL_HOME: folder }, workingFolder: folder })
const store = await openLibsqlStore({ path: home.storeFile })
const registry = openDiskRegistry(home.registryFolder)
const tier = createNanoTier()
const task = taskId('support-mail')

try {
  // 3. Train and certify: at most 5% of the local answers may be wrong, with probability 95%.
  const rows = await gatherRows(store, { task, examples, risk: 0.05, delta: 0.05, mergeLabels: false })
  const shop = { tier, baselines: plainBaselines, registry, clock: systemClock, version: 'speedrun' }
  const { manifest, card, trainMs } = await trainSpecialist(shop, rows, { seed: 0 })
  console.log(cardMarkdown(card, { charts: false }))
  console.log(`trained in ${(trainMs / 1000).toFixed(1)} s`)

  // 4. Promote it, and serve it. No upstream here: what it is not sure of is refused instead of forwarded.
  await store.tasks.put(rows.task)
  await registry.promote(manifest.id)
  const plain = defaultConfiguration()
  const configuration = { ...plain, server: { ...plain.server, port: 0 } }
  const serving = await startServing({
    configuration,
    storeFile: home.storeFile,
    store,
    registry,
    tiers: [tier],
    log: createLog({ level: 'error' }),
    version: 'speedrun',
  })

  // 5. Ask it with the client that you have.
  try {
    const client = new OpenAI({ baseURL: `${serving.url}/v1`, apiKey: 'shoal', maxRetries: 0 })
    const { data, response } = await client.chat.completions
      .create({
        model: `shoal/${task}`,
        messages: [{ role: 'user', content: 'Hello, when do I get the refund for a winter coat (no. 4711)' }],
      })
      .withResponse()
    console.log(
      `answer: ${data.choices[0]?.message.content}, by ${response.headers.get('x-shoal-served-by')}, confidence ${response.headers.get('x-shoal-confidence')}`,
    )
    if (data.choices[0]?.message.content !== 'refund')
      throw new Error('the specialist should have said "refund"')
  } finally {
    await serving.close()
  }
} finally {
  await store.close()
  await rm(folder, { recursive: true, force: true })
}
