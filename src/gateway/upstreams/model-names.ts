/** Which models an upstream takes, and what it calls them. Names may hold `*`, which stands for any text. */

/** True where one of the names is the model's, or nothing is said at all. */
export function takesModel(names: readonly string[] | undefined, model: string): boolean {
  return names === undefined || names.some((name) => matches(name, model))
}

/** The upstream's own name for a model: of its alias, of the first pattern that fits, or the same. */
export function aliasOf(aliases: Readonly<Record<string, string>> | undefined, model: string): string {
  if (!aliases) return model
  if (Object.hasOwn(aliases, model)) return aliases[model]!
  const found = Object.entries(aliases).find(([name]) => name.includes('*') && matches(name, model))
  return found ? found[1] : model
}

/** Walks the parts between the stars instead of building an expression, which a long name could make slow. */
function matches(pattern: string, model: string): boolean {
  const parts = pattern.split('*')
  const [first, ...rest] = parts
  if (parts.length === 1) return pattern === model
  if (!model.startsWith(first!)) return false
  const last = rest.pop()!
  let at = first!.length
  for (const part of rest) {
    const found = model.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return model.length - last.length >= at && model.endsWith(last)
}
