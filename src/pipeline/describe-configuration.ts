/** The documentation of `shoal.yaml`, written from its schema. */
import { z } from 'zod'
import { upstreamsExample } from './configuration/upstreams.ts'
import { configurationSchema } from './configuration.ts'

/** A complete `shoal.yaml` with every setting at its default and a sentence on each. */
export function describeConfiguration(): string {
  const lines: string[] = [
    '# shoal.yaml: every setting, at its default. All are optional.',
    `# \${NAME} reads the environment variable NAME.`,
  ]
  const { properties = {} } = z.toJSONSchema(configurationSchema, { io: 'input' })
  for (const [section, described] of Object.entries(properties)) {
    if (typeof described === 'boolean') continue
    lines.push('', `# ${described.description ?? ''}`)
    const example = examples[section]
    if (example) {
      lines.push(...example)
      continue
    }
    lines.push(`${section}:`)
    for (const [name, setting] of Object.entries(described.properties ?? {}))
      if (typeof setting !== 'boolean') lines.push(...describeSetting(name, setting))
  }
  return `${lines.join('\n')}\n`
}

/** Records have no defaults to show. */
const examples: { readonly [section: string]: readonly string[] } = {
  upstreams: upstreamsExample,
  prices: [
    '# prices:',
    '#   date: 2026-11-01',
    '#   source: our contract',
    '#   models:',
    '#     some-model: { inputUsd: 0.15, outputUsd: 0.6, cachedInputUsd: 0.075 }',
  ],
  tasks: [
    '# tasks:',
    '#   support-intent:',
    '#     # Shares: of local answers that may be wrong, and of the chance that this promise fails.',
    '#     risk: 0.02',
    '#     delta: 0.05',
    '#     # The model that answers what is not answered locally.',
    '#     upstream: some-model',
    '#     # true: nothing is answered locally; it holds at each start, over `shoal pause`.',
    '#     paused: false',
    '#     # Trains when the upstream has answered so many calls that no training has seen, and at least half as',
    '#     # many as the last one had. promote: never (a person does) or certified (a version that may answer',
    '#     # calls, at least as many as the one that serves).',
    '#     auto: { after: 500 calls, promote: certified }',
  ],
}

function describeSetting(name: string, setting: z.core.JSONSchema.BaseSchema): readonly string[] {
  const values = setting.enum ? ` One of: ${setting.enum.join(', ')}.` : ''
  const text = wrapped(`${setting.description ?? ''}${values}`, 92).map((line) => `  # ${line}`)
  const initial = setting.default
  const written = typeof initial === 'object' ? JSON.stringify(initial) : initial
  return [...text, initial === undefined ? `  # ${name}:` : `  ${name}: ${written}`]
}

function wrapped(text: string, width: number): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
