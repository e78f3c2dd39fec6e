/** Writes docs/errors.md from the table of errors; `--check` fails where the committed page says something else. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ErrorCode, errorTable } from '../src/base/errors.ts'

/** The page: one table for each first word of the codes. */
export function errorsPage(): string {
  const codes = (Object.keys(errorTable) as ErrorCode[]).toSorted()
  const groups = [...new Set(codes.map(groupOf))]
  const sections = groups.map((group) => {
    const rows = codes.filter((code) => groupOf(code) === group).map(row)
    return `## ${group}\n\n| code | message | HTTP status | try again | exit code |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `${introduction}\n${sections.join('\n')}`
}

const introduction = `# Errors

Every error that Shoal shows to a person or a client. This page is generated from \`src/base/errors.ts\` by \`npx tsx scripts/errors-doc.ts\`.

A request that fails is answered with the HTTP status and, in the wire format of the API, with the code and the message. "Try again" says whether the same request may succeed later. A command that fails prints the message and ends with the exit code: 1 it failed, 2 wrong usage or input, 3 a service that is needed does not answer, 130 it was interrupted. What stands in braces is filled in when the error happens.
`

function groupOf(code: ErrorCode): string {
  return code.split('.')[0]!
}

function row(code: ErrorCode): string {
  const { message, status, retryable, exit } = errorTable[code]
  const cell = message.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
  return `| \`${code}\` | ${cell} | ${status} | ${retryable ? 'yes' : 'no'} | ${exit} |`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL('../docs/errors.md', import.meta.url))
  const page = errorsPage()
  if (!process.argv.includes('--check')) writeFileSync(path, page)
  else if (page !== readFileSync(path, 'utf8')) {
    console.error(
      'docs/errors.md differs from src/base/errors.ts. Run npx tsx scripts/errors-doc.ts and commit the page.',
    )
    process.exit(1)
  }
}
