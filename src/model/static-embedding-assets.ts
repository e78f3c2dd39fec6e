// The static tables that come with Shoal, read from the package's `assets/` folder. Node only.
import { readFile } from 'node:fs/promises'
import type { TableName } from '../text/script.ts'
import { loadStaticEmbedding, type StaticEmbedding } from './static-embedding.ts'

// The same two steps up from `src/model/` and from `dist/model/`.
const folder = new URL('../../assets/nano-base/', import.meta.url)

/** Reads one of the package's own tables. */
export async function readStaticEmbedding(name: TableName): Promise<StaticEmbedding> {
  const [table, vocabulary] = await Promise.all([
    readFile(new URL(`${name}.safetensors`, folder)),
    readFile(new URL(`${name}.vocab.txt`, folder), 'utf8'),
  ])
  return loadStaticEmbedding({ table, vocabulary })
}
