/** The usual names of columns, most telling first. */

/** Names of the column that holds the input. */
export const inputNames: readonly string[] = [
  'text',
  'input',
  'input_text',
  'text_a',
  'sentence',
  'utterance',
  'query',
  'message',
  'question',
  'content',
  'body',
  'prompt',
  'review',
  'document',
  'sms',
  'tweet',
  'comment',
  'description',
  'instruction',
  'premise',
  '文本',
  '内容',
  '句子',
  '评论',
]

/** Names of the column that holds the right output; one that holds words before one that may hold a number. */
export const outputNames: readonly string[] = [
  'label_name',
  'label_text',
  'output',
  'label',
  'labels',
  'intent',
  'category',
  'class',
  'target',
  'class_name',
  'sentiment',
  'emotion',
  'topic',
  'answer',
  'completion',
  'response',
  'tag',
  'gold',
  'gold_label',
  'y',
  '标签',
  '类别',
]

/** A column's name as the lists write it: lower case, words joined by `_`. */
export function plainName(name: string): string {
  return name
    .trim()
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[\s.-]+/g, '_')
}

export function isKnownColumnName(name: string): boolean {
  const plain = plainName(name)
  return inputNames.includes(plain) || outputNames.includes(plain)
}
