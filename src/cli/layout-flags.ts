/** Flags by which a person says how files are laid out, for the commands that read some. */
import { type Command, Option } from 'commander'
import { appError } from '../base/errors.ts'
import { type Encoding, encodings } from '../data/encoding.ts'
import { type OffsetUnit, offsetUnits } from '../data/locate-spans.ts'
import type { FormatName, SaidLayout } from '../data/reader.ts'
import { formatNames } from '../data/readers.ts'
import { type TagScheme, tagSchemes } from '../data/tag-scheme.ts'

export interface LayoutFlags {
  readonly format: FormatName | 'auto'
  readonly encoding: Encoding | 'auto'
  readonly delimiter?: string
  readonly header?: boolean
  readonly scheme: TagScheme | 'auto'
  readonly repairTags?: boolean
  readonly joiner?: string
  readonly offsets: OffsetUnit | 'auto'
}

/** Adds the flags to a command. */
export function addLayoutFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--format <format>', 'format of the files')
        .choices(['auto', ...formatNames])
        .default('auto'),
    )
    .addOption(
      new Option('--encoding <encoding>', 'encoding of the files; latin1 is never recognised by itself')
        .choices(['auto', ...encodings])
        .default('auto'),
    )
    .option('--delimiter <character>', 'what separates columns: one character, or "tab"')
    .option('--header', 'the first row names the columns')
    .option('--no-header', 'the first row is a row like the others')
    .addOption(
      new Option('--scheme <scheme>', 'scheme of the tags in CoNLL files')
        .choices(['auto', ...tagSchemes])
        .default('auto'),
    )
    .option('--repair-tags', 'read tags that break their scheme as the CoNLL evaluation script does')
    .option('--joiner <text>', 'what stands between the tokens of CoNLL files (a space, or nothing: "")')
    .addOption(
      new Option('--offsets <unit>', 'what offsets of spans count')
        .choices(['auto', ...offsetUnits])
        .default('auto'),
    )
}

/** What was said about the layout, without what was not. */
export function saidLayout(flags: LayoutFlags): SaidLayout {
  const delimiter = flags.delimiter === 'tab' || flags.delimiter === '\\t' ? '\t' : flags.delimiter
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n\ufeff]/.test(delimiter)))
    throw appError('usage.invalid', {
      problem: `--delimiter ${JSON.stringify(flags.delimiter)} is not one character that can separate columns`,
      hint: 'Give one such as "," or ";", or the word tab.',
    })
  return {
    ...(flags.format !== 'auto' && { format: flags.format }),
    ...(flags.encoding !== 'auto' && { encoding: flags.encoding }),
    ...(delimiter !== undefined && { delimiter }),
    ...(flags.header !== undefined && { header: flags.header }),
    ...(flags.scheme !== 'auto' && { scheme: flags.scheme }),
    ...(flags.repairTags !== undefined && { repairTags: flags.repairTags }),
    ...(flags.joiner !== undefined && { joiner: flags.joiner }),
    ...(flags.offsets !== 'auto' && { offsets: flags.offsets }),
  }
}
