/**
 * TSV: a record a line, fields separated by tabs, quotes are part of the text (IANA text/tab-separated-values).
 * Tab-separated files with CSV's quotes are read by the CSV reader: where quotes must mean something it recognises them.
 */
import { quotesMatter, recogniseDelimited } from './csv.ts'
import type { FileSample } from './file-text.ts'
import type { FormatReader, SaidLayout } from './reader.ts'

export const tsvReader: FormatReader = Object.freeze({
  format: 'tsv',
  yields: 'record',
  recognise: (sample: FileSample, said: SaidLayout) => {
    if (said.format !== 'tsv' && quotesMatter(sample)) return undefined
    if (said.format !== 'tsv' && said.delimiter !== undefined && said.delimiter !== '\t') return undefined
    return recogniseDelimited('tsv', sample, { delimiter: said.delimiter ?? '\t', quoted: false }, said)
  },
})
