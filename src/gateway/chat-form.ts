/** A chat call as it was understood: its form, which is the same in all calls that differ in their input alone, and the input. */
import type { ModelName } from '../base/ids.ts'
import { tryParseJson } from '../base/json.ts'
import type { CallFacts } from '../route/decide.ts'
import { obstacleIn } from '../route/obstacles.ts'
import { type Recognised, recogniseMasked, type TaskBook } from '../route/recognise.ts'
import { promptOf } from '../wire/chat-prompt.ts'
import { type ChatRequest, readChatRequest } from '../wire/openai-chat.ts'
import { estimatedPromptTokens } from '../wire/token-estimate.ts'
import type { MaskText } from './context.ts'

export interface ChatForm {
  /** As the request named it. */
  readonly model: string
  readonly streaming: boolean
  readonly includeUsage: boolean
  readonly recognised: Omit<Recognised, 'input'>
  /** What is decided by, unless the request insists on the upstream. */
  readonly facts: CallFacts
}

export interface ChatCall {
  readonly form: ChatForm
  /** What the specialist is asked, not masked yet. */
  readonly input: Recognised['input']
  /** Estimated tokens of the messages. */
  readonly promptTokens: number
}

/** What `understand` needs besides the body. */
export interface UnderstandOptions {
  readonly book: TaskBook
  /** The header `x-shoal-task`. */
  readonly header: string | undefined
  readonly localAnswers: boolean
  /** Masks as calls are masked where they are kept. */
  readonly mask: MaskText
  /** What the upstream that would be asked first calls a model: certificates name models so. */
  readonly modelName?: (model: string) => string
}

/** A body as a chat request; `undefined` where it is none. */
export function chatOf(text: string): ChatRequest | undefined {
  const value = tryParseJson(text)
  return value === undefined ? undefined : readChatRequest(value)
}

/** Understands a chat request; throws `usage.invalid` where it names a task by a name that cannot be one. */
export function understand(chat: ChatRequest, options: UnderstandOptions): ChatCall {
  const { book, header, localAnswers, mask, modelName = (name) => name } = options
  const prompt = promptOf(chat)
  const { input, ...recognised } = recogniseMasked(
    { model: chat.model, ...(header !== undefined && { header }), ...(prompt && { prompt }) },
    book,
    mask,
  )
  const { served, model } = recognised
  const obstacle = obstacleIn(chat, served?.task.template) ?? (prompt ? undefined : 'not-text')
  return {
    form: {
      model: chat.model,
      streaming: chat.stream === true,
      includeUsage: chat.stream_options?.include_usage === true,
      recognised,
      facts: {
        ...(served && { served }),
        ...(obstacle && { obstacle }),
        ...(model !== undefined && { model: modelName(model) as ModelName }),
        insisted: false,
        hasInput: input !== undefined,
        localAnswers,
      },
    },
    input,
    promptTokens: estimatedPromptTokens(chat),
  }
}

/** The model that a call is kept under: the upstream's, or else the name in the request. */
export function keptModel(form: ChatForm): ModelName {
  return form.recognised.model ?? (form.model as ModelName)
}
