/** The three corpora of Braun et al. 2017 (intents and entities of questions), read from `SHOAL_DATA`. */
import { z } from 'zod'
import { type EntityRow, readText } from './entity-sets.ts'

export const braunFiles = {
  AskUbuntu: 'braun_nlu/AskUbuntuCorpus.json',
  Chatbot: 'braun_nlu/ChatbotCorpus.json',
  WebApplications: 'braun_nlu/WebApplicationsCorpus.json',
} as const
export type BraunName = keyof typeof braunFiles

export interface BraunRow extends EntityRow {
  readonly intent: string
}

const corpusSchema = z.object({
  sentences: z.array(
    z.object({
      text: z.string(),
      intent: z.string(),
      training: z.boolean(),
      entities: z.array(
        z.object({ entity: z.string(), start: z.number(), stop: z.number(), text: z.string() }),
      ),
    }),
  ),
})
type Entity = z.infer<typeof corpusSchema>['sentences'][number]['entities'][number]

/** Reads a corpus by its own split; entities that cannot be found in their text are counted, not guessed. */
export function readBraun(name: BraunName): {
  readonly train: readonly BraunRow[]
  readonly test: readonly BraunRow[]
  readonly lostEntities: number
} {
  const { sentences } = corpusSchema.parse(JSON.parse(readText(braunFiles[name])))
  let lostEntities = 0
  const rows = sentences.map(({ text, intent, training, entities }) => {
    const spans = entities.flatMap((entity) => {
      const start = placeOf(text, entity)
      if (start === undefined) lostEntities++
      if (start === undefined) return []
      return [{ start, end: start + entity.text.length, label: entity.entity, text: entity.text }]
    })
    return { text, intent, training, spans: spans.toSorted((a, b) => a.start - b.start) }
  })
  return {
    train: rows.filter(({ training }) => training),
    test: rows.filter(({ training }) => !training),
    lostEntities,
  }
}

/** Offset of an entity: where its text stands nearest to the token that its number means, in tokens of another day. */
function placeOf(text: string, { start, text: entity }: Entity): number | undefined {
  const tokens = [...text.matchAll(/[\p{L}\p{N}_]+|[^\p{L}\p{N}_\s]/gu)]
  const meant = tokens[start]?.index ?? text.length
  let best: number | undefined
  for (let at = text.indexOf(entity); at >= 0; at = text.indexOf(entity, at + 1)) {
    if (best === undefined || Math.abs(at - meant) < Math.abs(best - meant)) best = at
  }
  return best
}
