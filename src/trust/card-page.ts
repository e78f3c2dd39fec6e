/** The card as one web page that needs nothing from outside: text, tables and charts, for light and dark screens and for print. */
import { Marked } from 'marked'
import { cardMarkdown } from './card-markdown.ts'
import type { Card } from './card-schema.ts'
import { escaped } from './charts/frame.ts'

const style = `
:root { color-scheme: light dark; --text: #1c2024; --page: #ffffff; --rule: #d9dde3; --soft: #f5f7f9; --accent: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; --page: #14171a; --rule: #343a41; --soft: #1d2125; --accent: #56b4e9; } }
body { margin: 0 auto; padding: 2.5rem 1.5rem 5rem; max-width: 60rem; font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--page); }
h1 { font-size: 1.9rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .8rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
table { border-collapse: collapse; margin: 1rem 0; font-size: .92rem; display: block; overflow-x: auto; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { font-weight: 600; }
th, td:not(:first-child) { white-space: nowrap; }
code { font-size: .85em; background: var(--soft); padding: .1em .3em; border-radius: 3px; overflow-wrap: anywhere; }
svg { display: block; max-width: 100%; height: auto; margin: 1rem 0; }
li { margin: .25rem 0; }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } svg, table { break-inside: avoid; } }
`

/** Writes the page; what stands in labels and sentences is text there, whatever it holds. */
export function cardPage(card: Card): string {
  const marked = new Marked({
    async: false,
    renderer: {
      // Only the charts, which are ours, may be HTML; a label that holds a tag is shown as it is written.
      html: ({ text }) => (text.startsWith('<svg xmlns=') ? text : escaped(text)),
      link: ({ raw }) => escaped(raw),
      image: ({ raw }) => escaped(raw),
    },
  })
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${escaped(card.specialist)}</title><style>${style}</style></head>`,
    `<body>${String(marked.parse(cardMarkdown(card, { charts: true })))}</body></html>`,
    '',
  ].join('\n')
}
