import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { openLibsqlStore } from './libsql-store.ts'
import { storeContract } from './store.contract.ts'

describe('the libsql store', () => {
  storeContract(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-store-'))
    return {
      open: (clock) => openLibsqlStore({ path: join(folder, 'store.db'), ...(clock && { clock }) }),
      remove: () => rm(folder, { recursive: true }),
    }
  })
})
