/** The copy of a body that is kept with a call: text only, up to a limit, decompressed where it was sent compressed. */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { fieldOf } from './header-fields.ts'

export interface KeptBody {
  push(chunk: Uint8Array): void
  /** The text; `undefined` where it is no text, too long, or in an encoding that is not read here. */
  text(): Promise<string | undefined>
}

const textual = /^(text\/|application\/([\w.+-]*\+)?(json|xml|x-ndjson|jsonl|x-www-form-urlencoded))/i
const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  deflate: promisify(inflate),
}

/** No honest body is larger once it is decompressed; a small one can be made that is. */
const mostDecodedBytes = 2 ** 28

/** Takes the chunks of a body as they pass; the limit is that of the bytes that came and of what they decompress to. */
export function keptBody(headers: readonly string[], options: { readonly limitBytes: number }): KeptBody {
  const isText = textual.test(fieldOf(headers, 'content-type') ?? '')
  const encoding = fieldOf(headers, 'content-encoding')?.trim().toLowerCase()
  let chunks: Uint8Array[] | undefined = isText ? [] : undefined
  let size = 0
  return {
    push: (chunk) => {
      size += chunk.length
      if (size > options.limitBytes) chunks = undefined
      chunks?.push(chunk)
    },
    text: async () =>
      chunks && size > 0 ? decodedText(Buffer.concat(chunks), encoding, options.limitBytes) : undefined,
  }
}

/** A body as UTF-8 text, decompressed; `undefined` where that cannot be done, or gives more than so many bytes. */
export async function decodedText(
  body: Uint8Array,
  encoding: string | undefined,
  maxOutputLength = mostDecodedBytes,
): Promise<string | undefined> {
  if (encoding === undefined || encoding === 'identity') return Buffer.from(body).toString('utf8')
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding as keyof typeof decoders] : undefined
  try {
    return decode && (await decode(body, { maxOutputLength })).toString('utf8')
  } catch {
    // Half a body, after a client or an upstream broke off, or a bomb: the call is kept without it.
    return undefined
  }
}
