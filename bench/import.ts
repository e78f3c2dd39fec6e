/** Import of a CSV of 1,000,000 rows and 200 MB by the built command, everything in: at most 60 s and 300 MB of memory. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Bench, fileDigest } from './harness.ts'
import { writeImportCsv } from './import-data.ts'

const rows = 1_000_000
const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/** Writes the process's own peak of resident memory (KiB, as libuv gives it everywhere) when it ends. */
const reportMemory = `data:text/javascript,import { writeFileSync } from "node:fs"; process.on("exit", () => writeFileSync(process.env.BENCH_MEMORY_FILE, String(process.resourceUsage().maxRSS)))`

export const bench: Bench = {
  name: 'import',
  title: 'shoal import, CSV of 1,000,000 rows and 200 MB: at most 60 s and 300 MB RSS',
  run: async ({ seed }) => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-import-'))
    try {
      const file = join(folder, 'rows.csv')
      await writeImportCsv(file, { rows, seed })
      const { size } = await stat(file)
      const run = await runImport(folder, file)
      return {
        seed,
        options: { rows, csvBytes: size },
        data: { 'rows.csv': await fileDigest(file) },
        figures: [
          {
            what: 'wall time',
            measured: `${run.seconds.toFixed(1)} s`,
            target: 'at most 60 s',
            met: run.seconds <= 60,
          },
          {
            what: 'peak RSS',
            measured: `${run.peakRssMb.toFixed(0)} MB`,
            target: 'at most 300 MB',
            met: run.peakRssMb <= 300,
          },
        ],
        results: {
          ...run,
          rowsPerSecond: Math.round(rows / run.seconds),
          storeBytes: (await stat(join(folder, 'home', 'store.db'))).size,
          target: { seconds: 60, peakRssMb: 300 },
        },
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}

interface ImportRun {
  readonly seconds: number
  readonly peakRssMb: number
  readonly added: number
  readonly duplicateRows: number
  readonly maskedRows: number
}

async function runImport(folder: string, file: string): Promise<ImportRun> {
  const memoryFile = join(folder, 'memory')
  const args = ['--import', reportMemory, command, 'import', file, '--task', 'bench', '--json']
  const start = performance.now()
  const child = spawn(process.execPath, args, {
    env: { ...process.env, SHOAL_HOME: join(folder, 'home'), BENCH_MEMORY_FILE: memoryFile },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  const seconds = (performance.now() - start) / 1000
  if (code !== 0) throw new Error(`shoal import ended with ${code}; is dist/ built (npm run build)?`)
  const report: {
    stored: { added: number }
    duplicates: { rows: number }
    maskedRows: number
  } = JSON.parse(output)
  return {
    seconds,
    peakRssMb: (Number(await readFile(memoryFile, 'utf8')) * 1024) / 1e6,
    added: report.stored.added,
    duplicateRows: report.duplicates.rows,
    maskedRows: report.maskedRows,
  }
}
