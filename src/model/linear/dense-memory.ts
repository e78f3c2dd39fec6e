// A WebAssembly memory that dense weights are placed in and taken out of. One for all models of a thread:
// each memory of its own would reserve gigabytes of address space, and a server holds a thousand models.
import { assert } from '../../base/errors.ts'
import { blockFloats, createKernels, type Kernels } from './kernels.ts'
import { Memory } from './web-assembly.ts'

/** Places arrays of 32-bit floats; addresses are byte offsets. */
export interface DenseMemory {
  readonly kernels: Kernels
  /** Copies values in and gives their address; the length is rounded up to whole blocks of zeros. */
  place(values: Float32Array): number
  /** An empty array of that many floats. */
  allocate(floats: number): number
  /** Takes back what `place` or `allocate` gave for that many floats. */
  release(address: number, floats: number): void
  /** Scratch space of at least that many floats, shared by all users: valid until the next call. */
  workspace(floats: number): number
  /** The floats at an address; invalid once anything more is allocated. */
  view(address: number, floats: number): Float32Array
}

const pageBytes = 65_536
const workspaceFloats = 16_384

/** The smallest multiple of a vector block that is not below `count`. */
export function paddedLength(count: number): number {
  return Math.ceil(count / blockFloats) * blockFloats
}

/** An empty memory that grows as weights are placed; freed places are used again for arrays of the same length. */
export function createDenseMemory(): DenseMemory {
  const memory = new Memory({ initial: 1 + (workspaceFloats * 4) / pageBytes })
  const free = new Map<number, number[]>()
  let end = workspaceFloats * 4

  function allocate(floats: number): number {
    const length = paddedLength(floats)
    const address = free.get(length)?.pop() ?? extend(length * 4)
    new Float32Array(memory.buffer, address, length).fill(0)
    return address
  }

  function extend(bytes: number): number {
    const address = end
    end += bytes
    const missing = end - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
    return address
  }

  return {
    kernels: createKernels(memory),
    allocate,
    place(values) {
      const address = allocate(values.length)
      new Float32Array(memory.buffer, address, values.length).set(values)
      return address
    },
    release(address, floats) {
      const length = paddedLength(floats)
      const places = free.get(length)
      if (places) places.push(address)
      else free.set(length, [address])
    },
    workspace(floats) {
      assert(floats <= workspaceFloats, `a dense layer needs ${floats} floats of ${workspaceFloats}`)
      return 0
    },
    view: (address, floats) => new Float32Array(memory.buffer, address, floats),
  }
}

let shared: DenseMemory | undefined

/** The thread's memory for models that serve. */
export function sharedDenseMemory(): DenseMemory {
  shared ??= createDenseMemory()
  return shared
}
