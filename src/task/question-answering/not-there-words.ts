/** Tells answers that say in words that a text does not hold the answer. */

const phrases: readonly RegExp[] = [
  /^(?:n\/?a|none|null|nil|unknown|unanswerable|impossible|no answer|nothing)$/,
  /\bnot\s+(?:be\s+)?(?:found|there|mentioned|stated|given|said|available|specified|provided|present|answerable|answered|known|applicable|contained|included|addressed|in\s+the)\b/,
  /\b(?:no|insufficient|not enough)\s+(?:answer|information|mention|context|data|relevant)\b/,
  /\b(?:cannot|can't|can not|could not|couldn't|unable to|impossible to)\s+(?:be\s+)?(?:find|answer|answered|determine|determined|say|tell|found)\b/,
  /\b(?:don't|do not|doesn't|does not)\s+(?:know|say|state|mention|contain|provide|specify|answer|include)\b/,
  /\bnicht\s+(?:\p{L}+\s+)?(?:gefunden|vorhanden|angegeben|erwähnt|enthalten|beantwortbar|bekannt|im text)|\bkeine\s+(?:antwort|angabe|information)/u,
  /\b(?:pas|non)\s+(?:trouvée?|mentionnée?|indiquée?|précisée?|de réponse)|\baucune\s+(?:réponse|information)/u,
  /\bno\s+(?:se\s+)?(?:encontr|menciona|indica|especifica|hay respuesta|sé\b)/u,
  /未(?:提及|提到|找到|说明|知)|没有(?:提到|提及|答案|相关|说明)|无(?:答案|法回答|相关|法确定)|找不到|不知道|^无[。.]?$/u,
]

/** True where a short text says that the answer is not there, in English, German, French, Spanish or Chinese. */
export function saysNotThere(text: string): boolean {
  const plain = text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/[.!。！\s"'*]+$/u, '')
    .trim()
  return plain === '' || (plain.length <= 200 && phrases.some((phrase) => phrase.test(plain)))
}
