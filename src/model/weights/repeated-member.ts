/** Finds a member that a JSON object has twice, which JSON.parse hides. */

/** Name of the first member that the outermost object has twice; the text must be JSON. */
export function repeatedMember(json: string): string | undefined {
  const seen = new Set<string>()
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const character = json[at]!
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else if (character === '"') {
      const end = stringEnd(json, at)
      if (depth === 1 && isColonNext(json, end + 1)) {
        const name: string = JSON.parse(json.slice(at, end + 1))
        if (seen.has(name)) return name
        seen.add(name)
      }
      at = end
    }
  }
  return undefined
}

/** Index of the quote that closes the string opened at `begin`. */
function stringEnd(json: string, begin: number): number {
  let at = begin + 1
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at
}

function isColonNext(json: string, from: number): boolean {
  let at = from
  while (/\s/.test(json[at] ?? '')) at++
  return json[at] === ':'
}
