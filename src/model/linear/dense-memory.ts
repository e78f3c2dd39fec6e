// A WebAssembly memory that weights are placed in and taken out of. One for all models of a thread: each memory of
// its own would reserve gigabytes of address space, and a server holds a thousand models. It never shrinks: what was
// released is used again, and a test holds how far it can grow beyond what is held.
import { assert } from '../../base/errors.ts'
import { createFreeList } from './free-list.ts'
import { blockLength, createKernels, type Kernels } from './kernels.ts'
import { Memory } from './web-assembly.ts'

/** Places arrays; addresses are byte offsets, multiples of 64. */
export interface DenseMemory {
  readonly kernels: Kernels
  /** Copies an array in, with a block of space behind it, and gives its address. */
  place(values: Float32Array | Int8Array): number
  /** Space for that many bytes, all zero. */
  allocate(sizeBytes: number): number
  /** The same with whatever lies there. */
  take(sizeBytes: number): number
  /** Makes room for that many bytes beforehand, so that a server does not stand still for it later; takes none of them. */
  reserve(sizeBytes: number): void
  /** Takes back what `place` gave for that many bytes. */
  release(address: number, sizeBytes: number): void
  /** Scratch space of at least that many bytes, shared by all users: valid until the next call. */
  workspace(sizeBytes: number): number
  /** The memory itself; another object after anything was allocated. */
  buffer(): ArrayBuffer
  /** The whole memory as bytes and as 32-bit numbers; other objects after anything was allocated. */
  views(): MemoryViews
}

/** Views of a whole memory. */
export interface MemoryViews {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
}

const pageBytes = 65_536
const workspaceBytes = 32 * pageBytes // 16,384 units of text have at most 147,456 n-grams, 8 bytes each
const alignmentBytes = 64
const slackBytes = blockLength
const mostPages = 65_536 // 4 GiB
// Growth makes a new buffer object, whose whole size counts as new garbage to come: rarely, then. Pages that nothing
// was written to take no memory.
const mostPagesAhead = 4096

/** The smallest multiple of the kernels' block length that is not below `count`. */
export function paddedLength(count: number): number {
  return Math.ceil(count / blockLength) * blockLength
}

/** An empty memory that grows as weights are placed. */
export function createDenseMemory(): DenseMemory {
  const memory = new Memory({ initial: 1 + workspaceBytes / pageBytes })
  const free = createFreeList(workspaceBytes)
  const roundUp = (sizeBytes: number): number => Math.ceil(sizeBytes / alignmentBytes) * alignmentBytes
  let whole = viewsOf(memory.buffer)

  /** Space as it was left by who had it before. */
  function take(sizeBytes: number): number {
    const size = roundUp(sizeBytes)
    const address = free.take(size)
    const { byteLength } = memory.buffer
    const missing = address + size - byteLength
    if (missing > 0) {
      const [pages, needed] = [byteLength / pageBytes, Math.ceil(missing / pageBytes)]
      const ahead = Math.min(mostPagesAhead, pages, Math.max(0, mostPages - pages - needed))
      memory.grow(needed + ahead)
    }
    return address
  }

  function views(): MemoryViews {
    if (whole.bytes.buffer !== memory.buffer) whole = viewsOf(memory.buffer)
    return whole
  }

  return {
    kernels: createKernels(memory),
    take,
    reserve(sizeBytes) {
      const missing = sizeBytes - memory.buffer.byteLength
      if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
    },
    allocate(sizeBytes) {
      const address = take(sizeBytes)
      views().bytes.fill(0, address, address + roundUp(sizeBytes))
      return address
    },
    place(values) {
      const address = take(values.byteLength + slackBytes)
      views().bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), address)
      return address
    },
    release: (address, sizeBytes) => free.give(address, roundUp(sizeBytes + slackBytes)),
    workspace(sizeBytes) {
      assert(sizeBytes <= workspaceBytes, `a text's features need ${sizeBytes} bytes of ${workspaceBytes}`)
      return 0
    },
    buffer: () => memory.buffer,
    views,
  }
}

const viewsOf = (buffer: ArrayBuffer): MemoryViews => ({
  bytes: new Uint8Array(buffer),
  words: new Uint32Array(buffer),
})

let shared: DenseMemory | undefined

/** The thread's memory for models that serve. */
export function sharedDenseMemory(): DenseMemory {
  shared ??= createDenseMemory()
  return shared
}
