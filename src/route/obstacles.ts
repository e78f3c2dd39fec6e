/** What in a request forbids a local answer whatever the confidence. */
import type { PromptTemplate } from '../task/types.ts'
import type { ChatRequest } from '../wire/openai-chat.ts'
import type { Reason } from './reasons.ts'

/** The first obstacle, or `undefined`; tools that the task's template has are none. */
export function obstacleIn(request: ChatRequest, template: PromptTemplate | undefined): Reason | undefined {
  if (request.n !== undefined && request.n !== null && request.n !== 1) return 'several-answers'
  if (request.logprobs || request.top_logprobs) return 'log-probabilities'
  if (isSet(request['audio']) || request.modalities?.some((modality) => modality !== 'text'))
    return 'not-text'
  if (isSet(request['web_search_options'])) return 'web-search'
  const hasTools = (request.tools?.length ?? 0) > 0 && template?.tools === undefined
  return hasTools || isSet(request['functions']) ? 'foreign-tools' : undefined
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}
