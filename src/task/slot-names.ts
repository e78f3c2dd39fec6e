/** Names for the slots of a template, read from the text before them. */

/** `Subject: `, `<question>`, `"body": "`: a word or two, a sign, and what may open the value. */
const heading = /([\p{L}][\p{L}\p{N} _-]{0,30}?)["'*]{0,2}\s*[:=>：]\s*["'`<([*]{0,3}\s*$/u

/** Names for the slots of each message, given its constants: `text` for an only slot, else by heading, else `text`, `slot2`, … */
export function slotNames(messages: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const total = messages.reduce((sum, constants) => sum + constants.length - 1, 0)
  const taken = new Set<string>()
  let position = 0
  return messages.map((constants) =>
    constants.slice(1).map((_, index) => {
      position++
      const found = total === 1 ? 'text' : headingOf(constants[index]!)
      const plain = taken.has('text') ? `slot${position}` : 'text'
      const name = found === undefined || taken.has(found) ? plain : found
      taken.add(name)
      return name
    }),
  )
}

/** The heading at the end of a constant as a name: lower case, words joined by `-`; ASCII only. */
function headingOf(constant: string): string | undefined {
  const words = heading
    .exec(constant.slice(-80))?.[1]
    ?.trim()
    .toLowerCase()
    .split(/[\s_-]+/)
  if (words === undefined || words.length > 3) return undefined
  const name = words.join('-')
  return /^[a-z][a-z0-9-]*$/.test(name) ? name : undefined
}
