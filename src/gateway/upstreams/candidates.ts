/** Which upstreams may answer a request, in order, and under which name each knows its model. Pure. */
import { aliasOf, takesModel } from './model-names.ts'
import type { RequestFacts } from './request-facts.ts'
import type { MemberSettings } from './settings.ts'

export interface Eligible {
  /** Index among the members. */
  readonly member: number
  /** The model's name there; absent where the request names none. */
  readonly model?: string
  /** A client's own key may go there: it was meant for the first upstream in order, and no other sees it. */
  readonly seesClientKey: boolean
}

export interface Asked extends RequestFacts {
  /** As the request names it. */
  readonly model?: string
  /** The upstream that the header `x-shoal-upstream` insists on. */
  readonly pin?: string
}

/**
 * The upstreams of the request's shape that take its model. `NAME/model` and the header are a pin: that one and no other,
 * unless an upstream's own list of models holds the whole name. Where nobody speaks the shape, all are asked,
 * since many servers speak both. Without inference, only the first: what the request names or makes lives there.
 */
export function eligibleMembers(members: readonly MemberSettings[], asked: Asked): readonly Eligible[] {
  const pinned = pinOf(members, asked)
  const model = pinned?.model ?? asked.model
  const speaking = members.some(({ shape }) => shape === asked.shape)
  const fitting = [...members.keys()].filter((at) => {
    const member = members[at]!
    if (pinned) return member.name === pinned.name
    if (speaking && member.shape !== asked.shape) return false
    return model === undefined || takesModel(member.models, model) || isOwnName(member, model)
  })
  const [first] = fitting
  return (asked.isInference ? fitting : fitting.slice(0, 1)).map((member) => ({
    member,
    ...(model !== undefined && { model: aliasOf(members[member]!.modelMap, model) }),
    seesClientKey: member === first,
  }))
}

/** A name that requests are changed to may be asked for by itself. */
function isOwnName({ modelMap }: MemberSettings, model: string): boolean {
  return modelMap !== undefined && Object.values(modelMap).includes(model)
}

interface Pin {
  readonly name: string
  readonly model?: string
}

function pinOf(members: readonly MemberSettings[], { model, pin }: Asked): Pin | undefined {
  const slash = model?.indexOf('/') ?? -1
  const prefix = slash > 0 ? model!.slice(0, slash) : undefined
  const isListed = members.some(({ models }) =>
    takesModel(models?.filter((name) => name.includes('/')) ?? [], model ?? ''),
  )
  const isPin = prefix !== undefined && !isListed && members.some(({ name }) => name === prefix)
  if (pin !== undefined) {
    const rest = isPin && prefix === pin ? model!.slice(slash + 1) : model
    return { name: pin, ...(rest !== undefined && { model: rest }) }
  }
  return isPin ? { name: prefix, model: model!.slice(slash + 1) } : undefined
}
