// Writes WebAssembly modules byte by byte: just the instructions that `kernels.ts` needs, so that no build
// step and no binary stands in the repository. Encodings: WebAssembly core specification 2.0, chapter 5.

/** Instructions as encoded bytes. */
export type Code = readonly number[]

export type ValueType = 'i32' | 'f32' | 'v128'

/** A function of a module: parameters come first among its locals. */
export interface WasmFunction {
  readonly name: string
  readonly parameters: readonly ValueType[]
  readonly locals: readonly ValueType[]
  readonly body: Code
}

const typeCodes: { readonly [T in ValueType]: number } = { i32: 0x7f, f32: 0x7d, v128: 0x7b }

/** Unsigned LEB128. */
function unsigned(value: number): Code {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}

/** Signed LEB128 of a 32-bit number. */
function signed(value: number): Code {
  const bytes: number[] = []
  let rest = value
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

const vector = (operation: number): Code => [0xfd, ...unsigned(operation)]
const memory = (alignment: number, offset: number): Code => [alignment, ...unsigned(offset)]

/** The instructions, by the names of the specification. */
export const op = {
  get: (local: number): Code => [0x20, ...unsigned(local)],
  set: (local: number): Code => [0x21, ...unsigned(local)],
  constant: (value: number): Code => [0x41, ...signed(value)],
  add: [0x6a],
  subtract: [0x6b],
  lessThan: [0x49],
  f32Load: [0x2a, ...memory(2, 0)],
  f32Store: [0x38, ...memory(2, 0)],
  f32Zero: [0x43, 0, 0, 0, 0],
  f32Add: [0x92],
  f32NotEqual: [0x5c],
  load: (offset: number): Code => [...vector(0x00), ...memory(2, offset)],
  store: (offset: number): Code => [...vector(0x0b), ...memory(2, offset)],
  splat: vector(0x13),
  lane: (index: number): Code => [...vector(0x1f), index],
  vectorAdd: vector(0xe4),
  vectorSubtract: vector(0xe5),
  vectorMultiply: vector(0xe6),
  vectorDivide: vector(0xe7),
  vectorSquareRoot: vector(0xe3),
  widenLow: vector(0x87), // i16x8.extend_low_i8x16_s
  widenHigh: vector(0x88), // i16x8.extend_high_i8x16_s
  dotInt16: vector(0xba), // i32x4.dot_i16x8_s
  addInt32: vector(0xae), // i32x4.add
  toFloat: vector(0xfa), // f32x4.convert_i32x4_s
  widenLowInt16: vector(0xa7), // i32x4.extend_low_i16x8_s
  widenHighInt16: vector(0xa8), // i32x4.extend_high_i16x8_s
  loadSplat: [...vector(0x09), ...memory(2, 0)], // v128.load32_splat
  i32Load: [0x28, ...memory(2, 0)],
} as const

/** `if (the value on the stack is not 0) { body }` */
export const when = (body: Code): Code => [0x04, 0x40, ...body, 0x0b]

/** `do { body } while (the value that body leaves on the stack is not 0)` */
export const repeat = (body: Code): Code => [0x03, 0x40, ...body, 0x0d, 0, 0x0b]

const text = (value: string): Code => [...unsigned(value.length), ...new TextEncoder().encode(value)]
const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content]

/** Encodes a module that imports `env.memory` and exports the functions, none of which returns a value. */
export function encodeModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    0x60,
    ...list(parameters.map((type) => [typeCodes[type]])),
    0,
  ])
  const bodies = functions.map(({ locals, body }) => {
    const content = [...list(locals.map((type) => [1, typeCodes[type]])), ...body, 0x0b]
    return [...unsigned(content.length), ...content]
  })
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, list([[...text('env'), ...text('memory'), 2, 0, 0]])),
    ...section(3, list(functions.map((_, index) => unsigned(index)))),
    ...section(7, list(functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]))),
    ...section(10, list(bodies)),
  ])
}
