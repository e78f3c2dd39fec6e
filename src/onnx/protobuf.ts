/** Protocol Buffers on the wire (encoding version 3), as far as ONNX needs them: fields written and walked through. */
const utf8 = new TextEncoder()

/** Collects the fields of one message; nested messages are collectors of their own. */
export interface MessageWriter {
  /** A whole number, also a negative one; left out where 0. */
  int(field: number, number: number): void
  float(field: number, number: number): void
  text(field: number, text: string): void
  /** The bytes are not copied until the message is finished. */
  bytes(field: number, bytes: Uint8Array): void
  message(field: number, write: (writer: MessageWriter) => void): void
  ints(field: number, numbers: readonly number[]): void
  floats(field: number, numbers: readonly number[]): void
}

interface Collected {
  readonly writer: MessageWriter
  readonly parts: Uint8Array[]
  length(): number
}

/** Bytes of a message whose fields `write` gives. */
export function encodeMessage(write: (writer: MessageWriter) => void): Uint8Array {
  const { writer, parts, length } = collector()
  write(writer)
  const whole = new Uint8Array(length())
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function collector(): Collected {
  const parts: Uint8Array[] = []
  let length = 0
  const push = (part: Uint8Array): void => {
    parts.push(part)
    length += part.length
  }
  const header = (field: number, wire: number): void => push(varint(field * 8 + wire))
  const bytes = (field: number, content: Uint8Array): void => {
    header(field, 2)
    push(varint(content.length))
    push(content)
  }
  const writer: MessageWriter = {
    int: (field, number) => {
      if (number === 0) return
      header(field, 0)
      push(varint(number))
    },
    float: (field, number) => {
      header(field, 5)
      push(floatBytes([number]))
    },
    text: (field, text) => bytes(field, utf8.encode(text)),
    bytes,
    message: (field, write) => {
      const inner = collector()
      write(inner.writer)
      header(field, 2)
      push(varint(inner.length()))
      for (const part of inner.parts) push(part)
    },
    ints: (field, numbers) => bytes(field, Uint8Array.from(numbers.flatMap((n) => [...varint(n)]))),
    floats: (field, numbers) => bytes(field, floatBytes(numbers)),
  }
  return { writer, parts, length: () => length }
}

function floatBytes(numbers: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 4))
  numbers.forEach((number, i) => {
    view.setFloat32(i * 4, number, true)
  })
  return new Uint8Array(view.buffer)
}

function varint(number: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(number))
  const bytes: number[] = []
  do {
    const low = Number(rest & 127n)
    rest >>= 7n
    bytes.push(rest === 0n ? low : low | 128)
  } while (rest !== 0n)
  return Uint8Array.from(bytes)
}

/** One field of a message as it lies in the bytes. */
export interface Field {
  readonly number: number
  /** 0: a varint; 2: length-delimited; 1 and 5: of fixed size. */
  readonly wire: number
  /** The value of a varint field; 0 for others. */
  readonly int: number
  /** Content of a length-delimited or fixed-size field; empty for a varint. */
  readonly bytes: Uint8Array
}

const empty = new Uint8Array(0)

/** Walks through the fields of a message without copying; fields it does not know are the caller's to skip. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw new RangeError('the message ends within a field')
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const [key, afterKey] = readVarint(message, at)
    at = afterKey
    const number = Math.floor(key / 8)
    const wire = key % 8
    if (wire === 0) {
      const [int, next] = readVarint(message, at)
      at = next
      yield { number, wire, int, bytes: empty }
    } else if (wire === 2) {
      const [length, next] = readVarint(message, at)
      at = next
      yield { number, wire, int: 0, bytes: take(length) }
    } else if (wire === 5 || wire === 1) {
      yield { number, wire, int: 0, bytes: take(wire === 5 ? 4 : 8) }
    } else {
      throw new RangeError(`a field has the unknown wire type ${wire}`)
    }
  }
}

/** Whole numbers packed into one field. */
export function packedInts(bytes: Uint8Array): readonly number[] {
  const numbers: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const [number, next] = readVarint(bytes, at)
    numbers.push(number)
    at = next
  }
  return numbers
}

/** A number read and the place after it; 64-bit two's complement, exact to 53 bits. */
function readVarint(bytes: Uint8Array, start: number): readonly [number, number] {
  let at = start
  let value = 0
  let factor = 1
  for (;;) {
    const byte = bytes[at++]
    if (byte === undefined) throw new RangeError('the message ends within a number')
    if (factor >= 2 ** 49) return [wideVarint(bytes, start), endOfVarint(bytes, start)]
    value += (byte & 127) * factor
    if (byte < 128) return [value, at]
    factor *= 128
  }
}

function wideVarint(bytes: Uint8Array, start: number): number {
  let value = 0n
  const end = endOfVarint(bytes, start)
  for (let at = start; at < end; at++) value |= BigInt(bytes[at]! & 127) << BigInt(7 * (at - start))
  return Number(BigInt.asIntN(64, value))
}

function endOfVarint(bytes: Uint8Array, start: number): number {
  const end = bytes.subarray(start, start + 10).findIndex((byte) => byte < 128)
  if (end < 0) throw new RangeError('a number is longer than 64 bits')
  return start + end + 1
}
