/** `shoal report`: the card of a specialist, in the terminal, as Markdown with charts, or as one web page. */
import { mkdir } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { Command } from 'commander'
import open from 'open'
import { appError } from '../base/errors.ts'
import { writeFileAtomic } from '../base/files.ts'
import { resolveTarget } from '../pipeline/target.ts'
import { cardJson, parseCard } from '../trust/card.ts'
import { cardMarkdown } from '../trust/card-markdown.ts'
import { cardPage } from '../trust/card-page.ts'
import type { Card } from '../trust/card-schema.ts'
import { type CommandContext, withContext } from './context.ts'

interface ReportFlags {
  readonly open?: boolean
  readonly file?: string
  readonly json?: boolean
}

/** The formats that a report can be written in, by the ending of the file. */
const writers: { readonly [ending: string]: (card: Card) => string } = {
  '.html': cardPage,
  '.md': (card) => cardMarkdown(card, { charts: true }),
  '.json': (card) => `${JSON.stringify(card, null, 2)}\n`,
}

/** The command. */
export function reportCommand(): Command {
  return new Command('report')
    .summary("a specialist's card: promise, scores, charts, limits")
    .description(
      'Shows the card of a specialist: of the version that serves, or of the newest, or of the one named.',
    )
    .argument('<target>', 'TASK or TASK@VERSION')
    .option('--open', 'write it as one web page without outside links, and open that in the browser')
    .option('--file <file>', 'write it to this file: .html, .md (with charts) or .json')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  shoal report support-intent --open\n  shoal report support-intent@3 --file card.md',
    )
    .action((target: string, flags: ReportFlags) =>
      withContext(flags, (context) => report(context, target, flags)),
    )
}

async function report(context: CommandContext, target: string, flags: ReportFlags): Promise<void> {
  const { home, registry, terminal } = context
  const write = flags.file === undefined ? undefined : writerFor(flags.file)
  const id = await resolveTarget(target, registry)
  const { manifest } = await registry.load(id)
  const card = parseCard(manifest.card, id)
  if (flags.file !== undefined && write) {
    await writeFileAtomic(resolve(flags.file), write(card))
    terminal.note(`Written to ${flags.file}.`)
  }
  if (flags.open) await openPage(join(home.folder, 'reports', `${id}.html`), card, terminal.note)
  else if (flags.file === undefined) terminal.print(cardMarkdown(card, { charts: false }))
  terminal.printJson(cardJson(card))
}

function writerFor(file: string): (card: Card) => string {
  const write = writers[extname(file).toLowerCase()]
  if (write) return write
  throw appError('usage.invalid', {
    problem: `${file} ends in none of ${Object.keys(writers).join(', ')}`,
    hint: 'The ending says in which form the report is written.',
  })
}

/** The page stays where it was written, so that a machine without a browser can copy it. */
async function openPage(file: string, card: Card, note: (text: string) => void): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFileAtomic(file, cardPage(card))
  note(`Written to ${file}.`)
  const program = await open(file)
  program.once('error', () => note('No program was found that opens web pages; open the file yourself.'))
}
