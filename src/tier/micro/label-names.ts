// Names of labels as texts: what a person called a class is one more row of it, which counts where rows are few.

/** The words of a label's name ("card_arrival" and "cardArrival" are "card arrival"); nothing where it is no word, such as "B2". */
export function labelWords(label: string): string | undefined {
  const words = label
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/[\s_\-./:]+/g, ' ')
    .trim()
    .toLowerCase()
  const isWritten = /\p{L}{3}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u.test(
    words,
  )
  return isWritten && !/\d/.test(words) ? words : undefined
}
