// How many tokens of a text an encoder is asked to read: what sentence-transformers and transformers write beside a
// model (`sentence_bert_config.json`, `tokenizer_config.json`), which may be fewer than it has positions for.
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import { type EncoderConfig, maxTokensOf } from './encoder-config.ts'

const sentenceShape = z.object({ max_seq_length: z.int().min(3).nullish() })
/** A tokenizer that knows no limit writes 1e30. */
const tokenizerShape = z.object({ model_max_length: z.number().min(3).nullish() })

/**
 * The limit, special tokens included, out of both files, parsed; `undefined` where a model has no such file. As in
 * sentence-transformers the first counts where it says something, else the second, and neither beyond the positions.
 * Throws `model.config` for a limit that leaves no room for a token.
 */
export function parseTextLimit(config: EncoderConfig, sentence: unknown, tokenizer: unknown): number {
  const own = read('sentence_bert_config.json', sentenceShape, sentence)?.max_seq_length
  const general = read('tokenizer_config.json', tokenizerShape, tokenizer)?.model_max_length
  return Math.min(own ?? Math.floor(general ?? Number.POSITIVE_INFINITY), maxTokensOf(config))
}

function read<Shape extends z.ZodType>(
  file: string,
  shape: Shape,
  content: unknown,
): z.infer<Shape> | undefined {
  if (content === undefined) return undefined
  const parsed = shape.safeParse(content)
  if (parsed.success) return parsed.data
  throw appError('model.config', { file, problem: z.prettifyError(parsed.error) })
}
