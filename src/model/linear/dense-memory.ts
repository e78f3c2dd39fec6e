// A WebAssembly memory that dense weights are placed in and taken out of. One for all models of a thread:
// each memory of its own would reserve gigabytes of address space, and a server holds a thousand models.
import { assert } from '../../base/errors.ts'
import { blockLength, createKernels, type Kernels } from './kernels.ts'
import { Memory } from './web-assembly.ts'

/** Places arrays; addresses are byte offsets, multiples of 64. */
export interface DenseMemory {
  readonly kernels: Kernels
  /** Copies an array in, with a block of space behind it, and gives its address. */
  place(values: Float32Array | Int8Array): number
  /** Space for that many bytes, all zero. */
  allocate(sizeBytes: number): number
  /** Takes back what `place` gave for that many bytes. */
  release(address: number, sizeBytes: number): void
  /** Scratch space of at least that many bytes, shared by all users: valid until the next call. */
  workspace(sizeBytes: number): number
  /** The memory itself; another object after anything was allocated. */
  buffer(): ArrayBuffer
}

const pageBytes = 65_536
const workspaceBytes = 32 * pageBytes // 16,384 units of text have at most 147,456 n-grams, 8 bytes each
const alignmentBytes = 64
const slackBytes = blockLength

/** The smallest multiple of the kernels' block length that is not below `count`. */
export function paddedLength(count: number): number {
  return Math.ceil(count / blockLength) * blockLength
}

/** An empty memory that grows as weights are placed. */
export function createDenseMemory(): DenseMemory {
  const memory = new Memory({ initial: 1 + workspaceBytes / pageBytes })
  const free = createFreeList(workspaceBytes)
  const roundUp = (sizeBytes: number): number => Math.ceil(sizeBytes / alignmentBytes) * alignmentBytes

  function allocate(sizeBytes: number): number {
    const size = roundUp(sizeBytes)
    const address = free.take(size)
    const missing = address + size - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
    new Uint8Array(memory.buffer, address, size).fill(0)
    return address
  }

  return {
    kernels: createKernels(memory),
    allocate,
    place(values) {
      const address = allocate(values.byteLength + slackBytes)
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      new Uint8Array(memory.buffer, address, bytes.length).set(bytes)
      return address
    },
    release: (address, sizeBytes) => free.give(address, roundUp(sizeBytes + slackBytes)),
    workspace(sizeBytes) {
      assert(sizeBytes <= workspaceBytes, `a text's features need ${sizeBytes} bytes of ${workspaceBytes}`)
      return 0
    },
    buffer: () => memory.buffer,
  }
}

interface FreeList {
  take(size: number): number
  give(address: number, size: number): void
}

/** Free blocks in order of address, the last one endless: the first that is large enough is taken. */
function createFreeList(start: number): FreeList {
  const blocks = [{ address: start, size: Number.POSITIVE_INFINITY }]
  return {
    take(size) {
      const index = blocks.findIndex((block) => block.size >= size)
      const block = blocks[index]!
      if (block.size === size) blocks.splice(index, 1)
      else blocks[index] = { address: block.address + size, size: block.size - size }
      return block.address
    },
    give(address, size) {
      const index = blocks.findIndex((block) => block.address > address)
      blocks.splice(index, 0, { address, size })
      // With the block after it, then with the one before.
      for (const at of [index, index - 1]) {
        const [block, next] = [blocks[at], blocks[at + 1]]
        if (!block || !next || block.address + block.size !== next.address) continue
        blocks.splice(at, 2, { address: block.address, size: block.size + next.size })
      }
    },
  }
}

let shared: DenseMemory | undefined

/** The thread's memory for models that serve. */
export function sharedDenseMemory(): DenseMemory {
  shared ??= createDenseMemory()
  return shared
}
