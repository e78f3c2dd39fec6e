/**
 * Draws what a terminal showed as SVG: `tmux capture-pane -e -p | tsx scripts/terminal-picture.ts TITLE > docs/demo.svg`.
 * Knows bold, dim and the eight colours, which is what Shoal's own output uses.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const cellWidth = 8.4
const lineHeight = 19
const margin = 18
const titleHeight = 34
const ink = '#d8dee9'
const colours: { readonly [code: number]: string } = {
  31: '#e06c75',
  32: '#98c379',
  33: '#e5c07b',
  34: '#61afef',
  35: '#c678dd',
  36: '#56b6c2',
}

interface Style {
  readonly fill: string
  readonly bold: boolean
  readonly dim: boolean
}

interface Run extends Style {
  readonly text: string
  /** Column where it begins. */
  readonly column: number
}

const plain: Style = { fill: ink, bold: false, dim: false }

/** The style after one code of an SGR sequence (ECMA-48, 8.3.117). */
function styled(style: Style, code: number): Style {
  if (code === 0) return plain
  if (code === 1) return { ...style, bold: true }
  if (code === 2) return { ...style, dim: true }
  if (code === 22) return { ...style, bold: false, dim: false }
  if (code === 39) return { ...style, fill: ink }
  return { ...style, fill: colours[code] ?? style.fill }
}

/** Cuts each line into runs of one style; a style goes on into the next line. */
export function runsOf(text: string): readonly (readonly Run[])[] {
  let style = plain
  return text
    .replace(/\s+$/, '')
    .split('\n')
    .map((line) => {
      const runs: Run[] = []
      let column = 0
      for (const [index, part] of line.split(/\u001b\[([0-9;]*)m/).entries()) {
        if (index % 2 === 1) for (const code of part.split(';')) style = styled(style, Number(code))
        else if (part !== '') {
          runs.push({ ...style, text: part, column })
          column += [...part].length
        }
      }
      return runs
    })
}

/** The picture. */
export function terminalSvg(text: string, title: string): string {
  const lines = runsOf(text)
  const columns = Math.max(...lines.flatMap((runs) => runs.map((run) => run.column + [...run.text].length)))
  const [width, height] = [
    columns * cellWidth + 2 * margin,
    lines.length * lineHeight + titleHeight + 2 * margin,
  ]
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, at) => `<circle cx="${20 + 20 * at}" cy="18" r="6" fill="${fill}"/>`,
  )
  const rows = lines.flatMap((runs, row) =>
    runs.map((run) => runSvg(run, titleHeight + margin + row * lineHeight)),
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${height}" viewBox="0 0 ${Math.ceil(width)} ${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">`,
    `<title>${escaped(title)}, in a terminal</title>`,
    `<rect width="100%" height="100%" rx="10" fill="#1d2129"/>`,
    ...dots,
    `<text x="50%" y="22" fill="#8b93a1" text-anchor="middle" font-size="13">${escaped(title)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}

function runSvg(run: Run, y: number): string {
  const length = [...run.text].length * cellWidth
  const style = `${run.bold ? ' font-weight="bold"' : ''}${run.dim ? ' opacity="0.6"' : ''}`
  return `<text x="${(margin + run.column * cellWidth).toFixed(1)}" y="${y}" fill="${run.fill}"${style} textLength="${length.toFixed(1)}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escaped(run.text)}</text>`
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(terminalSvg(readFileSync(0, 'utf8'), process.argv[2] ?? 'terminal'))
}
