/**
 * Overwrites what SQLite leaves lying in its file: `secure_delete` zeroes rows where they are deleted, but a page whose
 * rows were moved to a neighbour keeps copies of them between its cell pointers and its cells, where no reader looks.
 * Page format: https://www.sqlite.org/fileformat2.html#b_tree_pages
 */
import type { LibsqlConnection } from './libsql-connection.ts'
import { inSmallSteps } from './small-steps.ts'

const tableLeaf = 0x0d
const indexLeaf = 0x0a
const leafHeaderBytes = 8
/** Pages that one transaction looks at. */
const stepPages = 400

/** Zeroes the unused space of every leaf page of tables and indexes, in small transactions. */
export async function scrubUnusedSpace(connection: LibsqlConnection): Promise<void> {
  const leaves = connection
    .statement("SELECT pageno FROM dbstat WHERE pagetype = 'leaf' ORDER BY pageno")
    .all([])
    .map((row) => Number(Object.values(row as object)[0]))
  let at = 0
  await inSmallSteps(() => {
    const some = leaves.slice(at, at + stepPages)
    at += some.length
    const isDirty = some.some((page) => scrubbed(connection.page(page)) !== undefined)
    if (isDirty)
      connection.transaction(() => {
        for (const page of some) {
          const clean = scrubbed(connection.page(page))
          if (clean) connection.writePage(page, clean)
        }
      })
    return at < leaves.length
  })
}

/** The page with its unused space zeroed; `undefined` where it is already, or where the page is no leaf any more. */
function scrubbed(page: Uint8Array | undefined): Uint8Array | undefined {
  if (!page || (page[0] !== tableLeaf && page[0] !== indexLeaf)) return undefined
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  const from = leafHeaderBytes + 2 * view.getUint16(3)
  const to = view.getUint16(5) || 65_536
  if (to > page.length || from >= to || page.subarray(from, to).every((byte) => byte === 0)) return undefined
  const clean = page.slice()
  clean.fill(0, from, to)
  return clean
}
