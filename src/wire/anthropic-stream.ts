/** Puts a streamed Anthropic answer together again, as the one message that the same request would have had without streaming. */
import { isJsonObject, type Json, type JsonObject, tryParseJson } from '../base/json.ts'

interface Block {
  readonly members: { [name: string]: Json }
  /** The JSON of a tool's input, which comes in pieces of text. */
  input: string
}

/** Members of a block that grow by the deltas of one type. */
const growing: { readonly [delta: string]: string } = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  signature_delta: 'signature',
}

/**
 * The message of the events of a stream, in order; `undefined` where no `message_start` came.
 * An `error` event gives the body of an error. Events that are not known are left out.
 */
export function messageOfEvents(events: Iterable<Json>): JsonObject | undefined {
  let head: { [name: string]: Json } | undefined
  const blocks = new Map<number, Block>()
  for (const event of events) {
    if (!isJsonObject(event)) continue
    if (event['type'] === 'error') return event
    if (event['type'] === 'message_start' && isJsonObject(event['message'])) head = { ...event['message'] }
    else if (event['type'] === 'content_block_start') startBlock(blocks, event)
    else if (event['type'] === 'content_block_delta') addDelta(blocks, event)
    else if (event['type'] === 'message_delta' && head !== undefined) endMessage(head, event)
  }
  if (head === undefined) return undefined
  const content = [...blocks].sort(([a], [b]) => a - b).map(([, block]) => wholeBlock(block))
  return { ...head, content }
}

function startBlock(blocks: Map<number, Block>, event: JsonObject): void {
  const { index, content_block: block } = event
  if (typeof index === 'number' && isJsonObject(block))
    blocks.set(index, { members: { ...block }, input: '' })
}

function addDelta(blocks: Map<number, Block>, event: JsonObject): void {
  const { index, delta } = event
  const block = typeof index === 'number' ? blocks.get(index) : undefined
  if (block === undefined || !isJsonObject(delta) || typeof delta['type'] !== 'string') return
  if (delta['type'] === 'input_json_delta') {
    block.input += typeof delta['partial_json'] === 'string' ? delta['partial_json'] : ''
    return
  }
  const member = growing[delta['type']]
  if (member === undefined) return
  const [before, more] = [block.members[member], delta[member]]
  block.members[member] = (typeof before === 'string' ? before : '') + (typeof more === 'string' ? more : '')
}

/** The end brings the reason and the tokens so far, which count from the beginning. */
function endMessage(head: { [name: string]: Json }, event: JsonObject): void {
  if (isJsonObject(event['delta'])) Object.assign(head, event['delta'])
  if (!isJsonObject(event['usage'])) return
  // A count that the end does not know is null there.
  const known = Object.entries(event['usage']).filter(([, count]) => count !== null)
  head['usage'] = { ...(isJsonObject(head['usage']) ? head['usage'] : {}), ...Object.fromEntries(known) }
}

function wholeBlock({ members, input }: Block): Json {
  if (input === '') return members
  const parsed = tryParseJson(input)
  return parsed === undefined ? members : { ...members, input: parsed }
}
