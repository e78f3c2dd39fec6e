/** Every package that Shoal needs at run time, and why it is not written here instead. */
import type { SourceModule } from './module-graph.ts'
import { isTest } from './tidy-dead.ts'

/** Package → what it does for us. A package that is not in this table fails the check, and so does one no longer used. */
export const dependencies: Readonly<Record<string, string>> = {
  commander: 'the command line: options, help, errors',
  '@fastify/swagger': 'the OpenAPI document of the admin API, made from its routes',
  'd3-scale': 'scales and round ticks of the charts on the card, without a DOM',
  'd3-shape': 'lines and areas of the charts as SVG paths, without a DOM',
  fastify: 'HTTP of the gateway: routing, bodies, limits, shutdown',
  'gpt-tokenizer':
    "tokens as OpenAI's models count them, where an upstream does not say; ten times as fast as js-tiktoken",
  hyparquet: 'Parquet files, read by row group, pure JavaScript',
  'hyparquet-compressors': 'what Parquet files are compressed with: gzip, zstd, brotli, LZ4, fast snappy',
  'fastify-type-provider-zod': 'zod schemas as fastify checks and documents requests and answers with',
  kysely: 'SQL built with types, for SQLite and PostgreSQL alike',
  libsql: 'the embedded store: SQLite with prebuilt binaries and no install script',
  marked: 'the card as a web page: Markdown to HTML',
  'onnxruntime-node':
    'encoders trained and served: an optional peer that `shoal setup micro` installs, loaded on first use',
  open: "opens a report in the user's browser, on every system",
  papaparse: 'CSV with every quirk of quoting, streamed; names the line of a broken quote',
  picocolors: 'colours of the terminal, switched off where there is none',
  pino: 'the log: JSON lines that cost next to nothing',
  'postal-mime': 'bodies of real mail (MIME) for the demonstration',
  'prom-client': 'metrics in the format of Prometheus',
  tar: 'unpacks what npm fetched for the demonstration and the models',
  undici: 'HTTP to the upstream: pools, timeouts, streams',
  yauzl:
    'zip archives (wheels, jars) by their directory; refuses names that lead outside, checks sizes; no install script',
  yaml: 'shoal.yaml, with lines and columns in its errors',
  zod: 'schemas: wire shapes, configuration, and documentation printed from them',
}

/** Packages that are found by path when they are first used, so that no import names them. */
const foundByPath: readonly string[] = ['onnxruntime-node']

/** Sentences about packages that are missing, surplus or without a reason. */
export function dependencyProblems(
  declared: readonly string[],
  modules: readonly SourceModule[],
  reasons: Readonly<Record<string, string>>,
): readonly string[] {
  const imported = new Map<string, string>()
  for (const { path, packages } of modules) {
    if (!path.startsWith('src/') || isTest(path)) continue
    for (const name of packages) if (!name.startsWith('node:')) imported.set(name, path)
  }
  return [
    ...declared
      .filter((name) => !Object.hasOwn(reasons, name))
      .map((name) => `package.json: ${name} has no reason in scripts/dependencies.ts.`),
    ...Object.keys(reasons)
      .filter((name) => !declared.includes(name))
      .map((name) => `scripts/dependencies.ts: ${name} is not among the dependencies of package.json.`),
    ...declared
      .filter((name) => !imported.has(name) && !foundByPath.includes(name))
      .map((name) => `package.json: no file of src/ imports ${name}. Remove it.`),
    ...[...imported]
      .filter(([name]) => !declared.includes(name))
      .map(
        ([name, path]) => `${path}: imports ${name}, which is not among the dependencies of package.json.`,
      ),
  ]
}
