/** The CSV that the import bench reads: seeded, with quotes, personal data, repeats and contradictions as real files have. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { type Random, seededRandom } from '../src/base/random.ts'

const labels = 50
const words = 5000

/** Writes `rows` records of about 200 bytes. */
export async function writeImportCsv(
  file: string,
  options: { readonly rows: number; readonly seed: number },
): Promise<void> {
  const random = seededRandom(options.seed)
  const vocabulary = Array.from({ length: words }, () => word(random))
  const stream = createWriteStream(file)
  const done = finished(stream)
  let text = 'text,label\n'
  let last = 'hello'
  for (let row = 0; row < options.rows; row++) {
    // One row in fifty repeats the one before it, and some of those with another label.
    if (row === 0 || random.next() > 0.02) last = sentence(random, vocabulary)
    text += `${quoted(last)},label_${random.below(labels)}\n`
    if (text.length < 1 << 20) continue
    if (!stream.write(text)) await once(stream, 'drain')
    text = ''
  }
  stream.end(text)
  await done
}

function word(random: Random): string {
  const length = 2 + random.below(9)
  return Array.from({ length }, () => String.fromCharCode(97 + random.below(26))).join('')
}

function sentence(random: Random, vocabulary: readonly string[]): string {
  const length = 100 + random.below(172)
  let text = ''
  while (text.length < length) text += `${vocabulary[random.below(words)]} `
  const chance = random.next()
  if (chance < 0.02) return `${text}mail ${vocabulary[random.below(words)]}@example.com`
  if (chance < 0.04) return `${text}call +1 415 555 ${1000 + random.below(9000)}`
  if (chance < 0.2) return `${text}"${vocabulary[random.below(words)]}", they said`
  return chance < 0.3 ? `${text}— très bien, 謝謝` : text.trimEnd()
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
