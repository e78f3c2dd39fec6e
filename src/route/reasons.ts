/** Why a call went where it went: the closed list of words in the header `x-shoal-reason`, in the store and in the metrics. */

/** What each reason means, one sentence each; docs and `--help` texts are written from it. */
const reasons = {
  certified: 'Answered locally: the confidence reached the certified threshold and the input is not novel.',
  audit:
    'A local answer was chosen at random to be checked with the upstream; the client had its answer already.',
  'no-task': 'The call belongs to no known task.',
  insisted: 'The request says `x-shoal-route: upstream`.',
  paused: 'The task is paused.',
  'local-off': 'The configuration switches local answers off.',
  'several-answers': 'The request wants more than one answer (`n`).',
  'log-probabilities': 'The request wants log-probabilities, which the specialist cannot give.',
  'not-text': 'The request holds or wants something else than text, such as an image or audio.',
  'foreign-tools': "The request offers tools that are not in the task's template.",
  'web-search': 'The request wants a search of the web.',
  'template-differs': "The task was named, but the prompt is not the task's template.",
  'no-specialist': 'No specialist of the task is promoted.',
  'no-certificate': 'No confidence passed at the risk that the task allows.',
  'certificate-void': 'What the certificate was made for has changed: template, masking or specialist.',
  'other-model': 'The request names another upstream model than the one that the certificate holds for.',
  unsure: 'The confidence is below the certified threshold.',
  novel: "The input is unlike the specialist's training inputs.",
  'specialist-failed': 'The specialist met an error; it is in the log.',
  'base-encoder': 'The request names a base encoder of this machine, which made the embeddings.',
  opaque: 'Shoal does not understand this path or body; it was forwarded untouched.',
  refused: 'Shoal answered with an error; nobody else was asked.',
} as const

export type Reason = keyof typeof reasons

/** The word and its sentence, for messages to people: `no-task: the call belongs to no known task`. */
export function explain(reason: Reason): string {
  const sentence = reasons[reason]
  return `${reason}: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1, -1)}`
}
