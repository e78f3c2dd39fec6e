/** `npm start`: the gateway where a `shoal.yaml` stands in the folder, the demonstration where none does; a named command goes first. */
import { existsSync } from 'node:fs'

const given = process.argv.slice(2)
const named = given[0] !== undefined && !given[0].startsWith('-')
const args = named ? given : [existsSync('shoal.yaml') ? 'serve' : 'demo', ...given]
process.argv = [process.argv[0], process.argv[1], ...args]
await import('../dist/cli/main.js')
