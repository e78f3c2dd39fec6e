/** One look at each character that says which finders could find anything; most texts need none. */

/** Bits of {@link triggersOf}. */
export const mailTrigger = 1
export const numberTrigger = 2
export const addressTrigger = 4
export const keyTrigger = 8
export const assignmentTrigger = 16

const other = 0
const digit = 1
const joint = 2
const at = 3
const colon = 4
const dot = 5
const equals = 6

/** Classes of the characters up to `@`; letters and the underscore lie above it. */
const lastClassed = 64
const classes = classTable()
const wideColon = 0xff1a

function classTable(): Uint8Array {
  const table = new Uint8Array(lastClassed + 1).fill(other)
  for (let code = 48; code <= 57; code++) table[code] = digit
  for (const mark of '-/+') table[mark.charCodeAt(0)] = joint
  table['@'.charCodeAt(0)] = at
  table[':'.charCodeAt(0)] = colon
  table['.'.charCodeAt(0)] = dot
  table['='.charCodeAt(0)] = equals
  return table
}

/** Fewest digits of a telephone number (no letter stands between them), fewest of an IPv4 address, shortest key. */
const phoneDigits = 7
const addressDigits = 4
const keyLength = 16
/** A run so long may be a key without a digit. */
const wordlessLength = 32
/** Hyphens around the head of a private key. */
const fenceHyphens = 10

/** Which finders are worth asking, as bits. */
export function triggersOf(text: string): number {
  let digits = 0
  let chain = 0
  let colons = 0
  let dots = 0
  let hyphens = 0
  let flags = 0
  let runStart = 0
  let runDigits = 0
  const length = text.length
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > lastClassed) {
      chain = 0
      if (code < 128) continue
      if (i - runStart >= keyLength && isKeyRun(i - runStart, digits - runDigits)) flags |= keyTrigger
      runStart = i + 1
      runDigits = digits
      if (code === wideColon) colons++
      continue
    }
    const kind = classes[code]!
    if (kind === digit) {
      digits++
      if (++chain === phoneDigits) flags |= numberTrigger
      continue
    }
    if (kind === joint) {
      if (code === 45) hyphens++
      continue
    }
    if (kind === dot) {
      dots++
      continue
    }
    if (i - runStart >= keyLength && isKeyRun(i - runStart, digits - runDigits)) flags |= keyTrigger
    runStart = i + 1
    runDigits = digits
    if (kind === other) continue
    if (kind === at) flags |= mailTrigger
    else if (kind === colon) colons++
    else flags |= assignmentTrigger
  }
  if (length - runStart >= keyLength && isKeyRun(length - runStart, digits - runDigits)) flags |= keyTrigger
  if (hyphens >= fenceHyphens) flags |= keyTrigger
  if (colons > 0) flags |= assignmentTrigger
  if (colons >= 2 || (dots >= 3 && digits >= addressDigits)) flags |= addressTrigger
  return flags
}

/** A run of letters, digits and joints that may hold a key: it has a digit, or is longer than words are. */
function isKeyRun(length: number, digits: number): boolean {
  return digits > 0 || length >= wordlessLength
}
