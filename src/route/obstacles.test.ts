import { expect, test } from 'vitest'
import { obstacleIn } from './obstacles.ts'

test.each([
  [{ n: 2 }, 'several-answers'],
  [{ n: 1 }, undefined],
  [{ logprobs: true }, 'log-probabilities'],
  [{ top_logprobs: 3 }, 'log-probabilities'],
  [{ logprobs: false, top_logprobs: null }, undefined],
  [{ modalities: ['text', 'audio'] }, 'not-text'],
  [{ modalities: ['text'] }, undefined],
  [{ audio: { voice: 'x' } }, 'not-text'],
  [{ tools: [{ type: 'function' }] }, 'foreign-tools'],
  [{ tools: [] }, undefined],
  [{ functions: [{}] }, 'foreign-tools'],
  [{ web_search_options: {} }, 'web-search'],
  [{ temperature: 0.7, seed: 4, user: 'u' }, undefined],
])('a request with %j has the obstacle %s', (fields, reason) => {
  const request = { model: 'm', messages: [{ role: 'user', content: 'x' }], ...fields }
  expect(obstacleIn(request, undefined)).toBe(reason)
})
