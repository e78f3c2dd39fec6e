/** What the demonstration says before and after: its stated inputs, and how to try the endpoint. */
import pc from 'picocolors'
import { corpusPackage, type Mail } from './corpus.ts'
import { callFor, demoModel, demoTask } from './prompt.ts'
import type { StatedInputs } from './state.ts'

/** The first lines: what is real here and what is stated. */
export function introduction({
  mails,
  stated,
}: {
  readonly mails: number
  readonly stated: StatedInputs
}): string {
  return [
    '',
    `${pc.bold('Shoal')}  the calls you pay a large model for become a small model that you own`,
    '',
    `  real      ${mails.toLocaleString('en')} mails (npm:${corpusPackage}), the gateway, the training, the certificate, every figure below`,
    `  stand-in  the large model: a server on loopback that answers with the corpus's own labels, after ${stated.standInLatencyMs} ms,`,
    `            at a stated price of $${stated.promptUsdPerMillion} and $${stated.completionUsdPerMillion} for a million tokens in and out; ${stated.callsPerSecond} calls a second,`,
    `            ${stated.callsPerSecondInTraining} while the specialist is trained`,
    '',
  ].join('\n')
}

interface Farewell {
  readonly url: string
  readonly mail: Mail
  readonly folder: string
  readonly goesOn: boolean
}

/** The last lines: the endpoint, one curl, and ten lines for an OpenAI client. */
export function farewell({ url, mail, folder, goesOn }: Farewell): string {
  const ledger = `  what was spent and not spent:  SHOAL_HOME=${folder} npx shoal ledger`
  if (!goesOn) return `\n${ledger}\n`
  const { messages } = JSON.parse(callFor(mail.text.split('\n', 1)[0]!.slice(0, 60)))
  const body = JSON.stringify({
    model: `shoal/${demoTask}`,
    messages: [
      {
        role: 'user',
        content: 'Congratulations! You have won a FREE cruise. Click here to claim your prize now!',
      },
    ],
  })
  return [
    '',
    `${pc.bold('The gateway goes on')} at ${pc.cyan(`${url}/v1`)} (Ctrl-C ends it). Ask the specialist itself:`,
    '',
    `  curl -si ${url}/v1/chat/completions -H 'content-type: application/json' \\`,
    `    -d '${body}'`,
    '',
    'Or from a program, with the OpenAI client that you have (npm install openai):',
    '',
    "  import OpenAI from 'openai'",
    `  const client = new OpenAI({ baseURL: '${url}/v1', apiKey: 'shoal' })`,
    '  const answer = await client.chat.completions.create({',
    `    model: 'shoal/${demoTask}',   // or '${demoModel}' with the demonstration's whole prompt (${messages.length} messages)`,
    "    messages: [{ role: 'user', content: 'Lunch on Tuesday? The usual place at noon.' }],",
    '  }).withResponse()',
    '  console.log(answer.data.choices[0].message.content)',
    "  console.log(answer.response.headers.get('x-shoal-served-by'))",
    '',
    ledger,
    '',
  ].join('\n')
}
