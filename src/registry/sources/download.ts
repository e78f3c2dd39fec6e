/** One file over HTTP: bounded, timed, carried on where it broke off, and put in place only when it is whole. */
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { AppError, appError, throwIfCancelled } from '../../base/errors.ts'
import { isNoSpace } from '../../base/files.ts'
import { claimPart, freshPart, type Part, releasePart } from './download-part.ts'
import { largestFileBytes, type SourceContext, tooLarge, worthReportingBytes } from './file-tree.ts'
import { shownUrl } from './source.ts'
import { ask, discard, failed, networkProblem, type WebAnswer, type WebRequest } from './web.ts'

/** Attempts in a row that brought nothing new before a download is given up. */
const idleAttempts = 4
const firstPauseMs = 200

/** Downloads to a new file on the disk of the downloads folder; `sizeBytes`, where given, must be its size. */
export async function download(
  wanted: WebRequest & { readonly sizeBytes?: number },
  to: string,
  context: SourceContext,
): Promise<void> {
  const doing = `downloading ${shownUrl(wanted.url)}`
  let part = await claimPart(context.downloadsFolder, wanted.url)
  try {
    for (let idle = 0; ; ) {
      const before = await sizeOf(part)
      const attempt = await fetchRest(wanted, part, context)
      part = attempt.part
      if (attempt.problem === undefined) break
      throwIfCancelled(context.signal, doing)
      idle = (await sizeOf(part)) > before ? 0 : idle + 1
      if (idle >= idleAttempts) throw failed(wanted, attempt.problem)
      await wait(firstPauseMs * 2 ** idle, undefined, context.signal ? { signal: context.signal } : {})
    }
    await mkdir(dirname(to), { recursive: true, mode: 0o700 })
    await rename(part.path, to)
  } catch (cause) {
    await releasePart(context.downloadsFolder, part)
    throwIfCancelled(context.signal, doing)
    throw isNoSpace(cause) ? appError('disk.full', { file: to }, cause) : cause
  }
}

interface Attempt {
  readonly part: Part
  /** Why it is not whole yet, where going on may help. */
  readonly problem?: string
}

/** One request for what is missing, or for all of it where the server cannot say that it is the rest of the same file. */
async function fetchRest(
  wanted: WebRequest & { readonly sizeBytes?: number },
  part: Part,
  context: SourceContext,
): Promise<Attempt> {
  const have = part.etag === undefined ? 0 : await sizeOf(part)
  const rest = have > 0 ? { range: `bytes=${have}-`, 'if-range': part.etag! } : {}
  const answer = await ask(wanted, rest, context)
  if ('problem' in answer) return { part, problem: answer.problem }
  if (answer.status === 416) {
    discard(answer)
    return {
      part: await restarted(part, undefined, context),
      problem: 'it has no more of the file than is there',
    }
  }
  const isRest = answer.status === 206
  if (isRest && rangeOf(answer)?.begin !== have) {
    discard(answer)
    return {
      part: await restarted(part, undefined, context),
      problem: 'it sent another part than was asked for',
    }
  }
  const from = isRest ? have : 0
  const total = isRest ? rangeOf(answer)!.total : numberOf(answer.header('content-length'))
  const limit = Math.min(total ?? largestFileBytes, wanted.sizeBytes ?? largestFileBytes, largestFileBytes)
  if ((total ?? 0) > limit || (wanted.sizeBytes ?? total ?? 0) !== (total ?? wanted.sizeBytes ?? 0)) {
    discard(answer)
    throw total! > largestFileBytes ? tooLarge(names(wanted), largestFileBytes) : wrongSize(wanted, total!)
  }
  const into = isRest ? part : await restarted(part, strongEtag(answer), context)
  return {
    part: into,
    ...(await append(answer, into, { wanted, from, total: total ?? wanted.sizeBytes, limit, context })),
  }
}

async function append(
  answer: WebAnswer,
  part: Part,
  how: {
    readonly wanted: WebRequest
    readonly from: number
    readonly total: number | undefined
    readonly limit: number
    readonly context: SourceContext
  },
): Promise<{ readonly problem?: string }> {
  const { from, total, limit, context, wanted } = how
  let done = from
  const counted = new Transform({
    transform(chunk: Buffer, _, callback) {
      done += chunk.length
      if ((total ?? worthReportingBytes) >= worthReportingBytes)
        context.progress?.({
          stage: `downloading ${names(wanted).name}`,
          done,
          ...(total !== undefined && { total }),
        })
      callback(done > limit ? tooLarge(names(wanted), limit) : undefined, chunk)
    },
  })
  try {
    const file = createWriteStream(part.path, { flags: 'a', flush: true })
    await pipeline(answer.body, counted, file, { ...(context.signal && { signal: context.signal }) })
  } catch (cause) {
    if (cause instanceof AppError || isNoSpace(cause)) throw cause
    return { problem: networkProblem(cause) }
  }
  return total === undefined || done === total ? {} : { problem: `it sent ${done} of ${total} bytes` }
}

async function restarted(part: Part, etag: string | undefined, context: SourceContext): Promise<Part> {
  await rm(part.path, { force: true })
  return freshPart(context.downloadsFolder, part.key, etag)
}

/** Weak ones say that files mean the same, not that their bytes are. */
function strongEtag(answer: WebAnswer): string | undefined {
  const etag = answer.header('etag')
  return etag?.startsWith('"') ? etag : undefined
}

function rangeOf(answer: WebAnswer): { readonly begin: number; readonly total: number } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.header('content-range') ?? '')
  return match ? { begin: Number(match[1]), total: Number(match[2]) } : undefined
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

function wrongSize(wanted: WebRequest & { readonly sizeBytes?: number }, got: number): Error {
  return failed(wanted, `it says that the file has ${got} bytes, expected ${wanted.sizeBytes}`)
}

function names({ url }: WebRequest): { readonly name: string; readonly origin: string } {
  return { name: url.pathname.slice(url.pathname.lastIndexOf('/') + 1), origin: shownUrl(url) }
}

async function sizeOf(part: Part): Promise<number> {
  return (await stat(part.path)).size
}
