/** Tells where the answers of one task are in two languages: a specialist answers in that of the form it learned. */

/** A second language is reported from this share of the answers on. */
const fewest = 0.02
/** Words that are frequent in one language and rare in the others; a text with none has no language here. */
const common: Readonly<Record<string, RegExp>> = {
  English: /\b(?:the|and|of|is|with|from|not|for)\b/gi,
  German: /\b(?:der|die|das|und|ist|nicht|mit|von|für)\b/gi,
  French: /\b(?:le|les|des|et|est|avec|pour|dans|une)\b/gi,
  Spanish: /\b(?:el|los|las|y|es|con|para|una|del)\b/gi,
}
const scripts: Readonly<Record<string, RegExp>> = {
  Chinese: /\p{Script=Han}/gu,
  Japanese: /[\p{Script=Hiragana}\p{Script=Katakana}]/gu,
  Korean: /\p{Script=Hangul}/gu,
  'in Cyrillic letters': /\p{Script=Cyrillic}/gu,
  'in Arabic letters': /\p{Script=Arabic}/gu,
}

/** A sentence with the shares where at least two languages are found in the answers, else nothing. */
export function languageNotes(answers: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const answer of answers) {
    const language = languageOf(answer)
    if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1)
  }
  const several = [...counts]
    .filter(([, count]) => count >= fewest * answers.length)
    .sort(([, a], [, b]) => b - a)
  if (several.length < 2) return []
  const shares = several.map(([language, count]) => `${language} in ${count} of ${answers.length}`).join(', ')
  return [
    `The answers are in several languages (${shares}). A specialist learns them as they are; if that is not meant, split the task by language or have the prompt say which.`,
  ]
}

function languageOf(text: string): string | undefined {
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  for (const [language, script] of Object.entries(scripts)) {
    if ((text.match(script)?.length ?? 0) > 0.3 * letters) return language
  }
  const [first, second] = Object.entries(common)
    .map(([language, words]) => ({ language, hits: text.match(words)?.length ?? 0 }))
    .sort((a, b) => b.hits - a.hits)
  return first && first.hits >= 2 && first.hits > (second?.hits ?? 0) ? first.language : undefined
}
