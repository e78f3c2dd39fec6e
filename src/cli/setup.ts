/** `shoal setup`: installs what a tier needs besides Shoal itself. */
import { Command } from 'commander'
import pc from 'picocolors'
import { withContext } from './context.ts'
import { setupMicro } from './setup-micro.ts'

/** The command, with a subcommand for each tier that needs something. */
export function setupCommand(): Command {
  return new Command('setup')
    .summary("install a tier's native runtime")
    .description('Installs what a tier needs besides Shoal itself. The nano tier needs nothing.')
    .addCommand(microCommand())
    .addHelpText('after', '\nExample:\n  shoal setup micro')
}

function microCommand(): Command {
  return new Command('micro')
    .summary('ONNX Runtime, for encoders')
    .description(
      'Installs onnxruntime-node in the data folder with your npm, without running its install script, and tries it. Where a sound one is there, nothing is changed.',
    )
    .option('--json', 'print one JSON document')
    .action((flags: { json?: boolean }) =>
      withContext(flags, async ({ home, terminal, signal }) => {
        const { progress } = terminal
        const { did, version, folder, sizeBytes } = await setupMicro(home.runtimeFolder, { signal, progress })
        const verb = did === 'found' ? 'was there already and works' : 'is installed and works'
        terminal.print(
          `${pc.green(`ONNX Runtime ${version} ${verb}.`)}\n${pc.dim(`${folder}, ${(sizeBytes / 1e6).toFixed(0)} MB`)}`,
        )
        terminal.printJson({ tier: 'micro', did, version, folder, sizeBytes })
      }),
    )
    .addHelpText('after', '\nExample:\n  shoal setup micro --json')
}
