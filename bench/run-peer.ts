/** Runs a peer script on MiniLM with the Python that `SHOAL_PEER_PYTHON` names, and reads the one document that it prints. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findBase } from '../src/registry/models/base-store.ts'
import { dataFolder } from './data/labelled-sets.ts'

/** What a script of `bench/peers/` printed; rejects where it failed, or no Python or model is there. */
export async function runPeer<Document>(script: string, flags: readonly string[]): Promise<Document> {
  const [python, home] = [process.env['SHOAL_PEER_PYTHON'], process.env['SHOAL_HOME']]
  const model = home === undefined ? undefined : await findBase(join(home, 'registry'), 'minilm')
  if (python === undefined || !model)
    throw new Error(`${script} needs SHOAL_PEER_PYTHON, and minilm pulled into SHOAL_HOME`)
  const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url))
  const { stdout } = await promisify(execFile)(python, [
    ...[path, '--model', model.folder, '--data', dataFolder()],
    ...flags,
  ])
  const document: Document = JSON.parse(stdout)
  return document
}
