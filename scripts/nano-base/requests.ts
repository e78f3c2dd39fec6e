// Everyday requests, questions and remarks, put together from our own frames and common words: packages
// ship encyclopaedic and technical text, and hardly anything that people ask. No frame is taken from a data set.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../../src/base/random.ts'

/** Words by what they can stand for in a frame, the commonest first. */
export interface FrameWords {
  readonly noun: readonly string[]
  readonly verb: readonly string[]
  readonly adjective: readonly string[]
}

// N, V, A: a noun, a verb, an adjective.
const frames = {
  en: `how do i V my N?|how can i V the N|can you V the N for me?|i want to V a N|i would like to V my N please
|please V my N|why did my N not V?|what is a N?|where is my N?|when will my N V?|my N does not V|my N is A|the N was A
|is there a N near the N?|how much is the N?|do you have a N?|i need help with my N|i lost my N|who can V the N?
|i did not V this N|what is the N of the N?|can i V without a N?|tell me about the N|show me the N of my N
|set a N for the N|i have a problem with the N|the N is not working|which N is A?|how long does a N take?
|i think that the N is A|it was a very A N|i feel A|i am so A about the N|what a A N|this N is too A|not a A N at all
|i love this A N|i hate the N|i need to V|could you please V|is it possible to V a N?|should i V the N or the N?
|they V the A N|we will V the N tomorrow|the N and the N|a A N with a A N|V N|N N|A N|stop the N
|i am still waiting for my N|are there any N in N|does the N V the N?|why is my N so A?|i do not know how to V
|i already V my N|add N to my N|what happens if i V the N?|remind me to V the N|the A N of N`,
  zh: `怎么V我的N？|我的N还没有到|请帮我V一下N|我想V一个N|N在哪里？|什么是N？|为什么N不能V？|我的N坏了|这个N很A|N太A了
|这里的N非常A|N不A|我很喜欢这个N|我讨厌这种N|请问N多少钱？|有没有N？|什么时候可以V？|我需要V|可以V吗？|不要V我的N
|N和N有什么区别？|哪个N最A？|帮我查一下N|我觉得N比较A|NN|VN|AN|N的N|A的N|把N和N都V了|关于N的N|一点都不A
|服务很A，N也很A|昨天我V了N|明天我们去V|他们正在V|N已经V了|N没有V|如果没有N怎么办|谁能V这个N？|我不知道怎么V
|如何V和V|N对N的影响|通过N来V|因为N所以A|虽然A但是A|N公司V了N|N市场的N|学习N|听N|告诉我N的N`,
} as const

/** Makes `count` texts. */
export function makeRequests(
  language: 'en' | 'zh',
  options: { words: FrameWords; count: number; random: Random },
): string[] {
  const { words, random } = options
  const lists: Record<string, readonly string[]> = { N: words.noun, V: words.verb, A: words.adjective }
  const choices = frames[language].replaceAll('\n', '').split('|')
  return Array.from({ length: options.count }, () => {
    const frame = choices[random.below(choices.length)] ?? ''
    return frame.replace(/[NVA]/g, (slot) => {
      const list = lists[slot] ?? []
      // The square favours common words, and still reaches every one.
      return list[Math.floor(random.next() ** 2 * list.length)] ?? ''
    })
  })
}

/** Common English words: WordNet's `index.sense`, whose last column counts uses. */
export async function englishFrameWords(dictFolder: string): Promise<FrameWords> {
  const noun = new Map<string, number>()
  const verb = new Map<string, number>()
  const adjective = new Map<string, number>()
  const byPart: Record<string, Map<string, number>> = { 1: noun, 2: verb, 3: adjective, 5: adjective }
  const index = await readFile(join(dictFolder, 'index.sense'), 'utf8')
  for (const [, word = '', part = '', uses] of index.matchAll(/^([a-z]+)%([1235]):\S* \d+ \d+ (\d+)$/gm)) {
    byPart[part]?.set(word, (byPart[part].get(word) ?? 0) + Number(uses))
  }
  const ranked = (counts: Map<string, number>) =>
    [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([word]) => word)
  return {
    noun: ranked(noun).slice(0, 8000),
    verb: ranked(verb).slice(0, 3000),
    adjective: ranked(adjective).slice(0, 4000),
  }
}

/** A word of jieba's `dict.txt`: `word count tag`. */
export interface ChineseWord {
  readonly word: string
  readonly tag: string
}

/** Words of two to four Han characters in jieba's dictionary, the commonest first. */
export async function readChineseWords(path: string): Promise<ChineseWord[]> {
  const rows = (await readFile(path, 'utf8')).matchAll(/^([\u4e00-\u9fff]{2,4}) (\d+) (\w+)$/gm)
  return [...rows]
    .map(([, word = '', count, tag = '']) => ({ word, tag, count: Number(count) }))
    .sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1))
}

/** The words of a dictionary that can stand in the Chinese frames. */
export function chineseFrameWords(words: readonly ChineseWord[]): FrameWords {
  const tagged = (pattern: RegExp, count: number) =>
    words
      .filter(({ tag }) => pattern.test(tag))
      .slice(0, count)
      .map(({ word }) => word)
  return { noun: tagged(/^n$|^n[tzs]/, 15_000), verb: tagged(/^v/, 8000), adjective: tagged(/^[aiz]$/, 4000) }
}
