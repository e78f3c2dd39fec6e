/** `npm run bench NAME [-- --seed N --keep]`: runs one bench and prints its document; `--keep` writes it to `bench/results/`. */
import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Bench, benchDocument, keepDocument } from './harness.ts'

/** Names of the benches: files here that export one. */
export function benchNames(): readonly string[] {
  const folder = new URL('.', import.meta.url)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .filter((name) => readFileSync(new URL(name, folder), 'utf8').includes('export const bench: Bench'))
    .map((name) => name.slice(0, -'.ts'.length))
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '0' }, keep: { type: 'boolean', default: false } },
})
const [name] = positionals
if (name === undefined || !benchNames().includes(name)) {
  console.error(`Which bench? npm run bench NAME, one of: ${benchNames().join(', ')}`)
  process.exit(2)
}
const { bench }: { bench: Bench } = await import(`./${name}.ts`)
const document = await benchDocument(bench, { seed: Number(values.seed) })
console.log(JSON.stringify(document, null, 2))
if (values.keep) console.error(`kept in ${await keepDocument(bench.name, document)}`)
