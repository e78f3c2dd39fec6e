// A WebAssembly memory that dense weights are placed in and taken out of. One for all models of a thread:
// each memory of its own would reserve gigabytes of address space, and a server holds a thousand models.
import { assert } from '../../base/errors.ts'
import { blockLength, createKernels, type Kernels } from './kernels.ts'
import { Memory } from './web-assembly.ts'

/** Places arrays; addresses are byte offsets, multiples of 64. */
export interface DenseMemory {
  readonly kernels: Kernels
  /** Copies an array in and gives its address. */
  place(values: Float32Array | Int8Array): number
  /** Space for that many bytes, all zero. */
  allocate(sizeBytes: number): number
  /** Takes back what `place` or `allocate` gave for that many bytes. */
  release(address: number, sizeBytes: number): void
  /** Scratch space of at least that many bytes, shared by all users: valid until the next call. */
  workspace(sizeBytes: number): number
  /** The memory itself; another object after anything was allocated. */
  buffer(): ArrayBuffer
}

const pageBytes = 65_536
const workspaceBytes = 4 * pageBytes
const alignmentBytes = 64

/** The smallest multiple of the kernels' block length that is not below `count`. */
export function paddedLength(count: number): number {
  return Math.ceil(count / blockLength) * blockLength
}

/** An empty memory that grows as weights are placed; freed places are used again for arrays of the same size. */
export function createDenseMemory(): DenseMemory {
  const memory = new Memory({ initial: 1 + workspaceBytes / pageBytes })
  const free = new Map<number, number[]>()
  let end = workspaceBytes

  const roundUp = (sizeBytes: number): number => Math.ceil(sizeBytes / alignmentBytes) * alignmentBytes

  function allocate(sizeBytes: number): number {
    const size = roundUp(sizeBytes)
    const address = free.get(size)?.pop() ?? extend(size)
    new Uint8Array(memory.buffer, address, size).fill(0)
    return address
  }

  function extend(size: number): number {
    const address = end
    end += size
    const missing = end - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
    return address
  }

  return {
    kernels: createKernels(memory),
    allocate,
    place(values) {
      const address = allocate(values.byteLength)
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      new Uint8Array(memory.buffer, address, bytes.length).set(bytes)
      return address
    },
    release(address, sizeBytes) {
      const size = roundUp(sizeBytes)
      const places = free.get(size)
      if (places) places.push(address)
      else free.set(size, [address])
    },
    workspace(sizeBytes) {
      assert(sizeBytes <= workspaceBytes, `dense layers need ${sizeBytes} bytes of ${workspaceBytes}`)
      return 0
    },
    buffer: () => memory.buffer,
  }
}

let shared: DenseMemory | undefined

/** The thread's memory for models that serve. */
export function sharedDenseMemory(): DenseMemory {
  shared ??= createDenseMemory()
  return shared
}
