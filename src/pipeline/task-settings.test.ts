import { expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { Task } from '../task/types.ts'
import { mailTask } from '../trace/store-fixtures.contract.ts'
import { applyTaskSettings } from './task-settings.ts'

test('what the settings say of known tasks is written over what the store says, and nothing else is touched', async () => {
  const bills: Task = { ...mailTask, id: taskId('bills') }
  const written: Task[] = []
  const tasks = {
    list: async () => [bills, mailTask],
    put: async (task: Task) => void written.push(task),
  }
  await applyTaskSettings({ tasks } as never, {
    mail: { risk: 0.1, paused: true, upstream: 'big-2' },
    bills: { delta: 0.05, auto: { after: 500, promote: 'never' } },
    unknown: { risk: 0.5 },
  })
  expect(written).toEqual([
    { ...mailTask, risk: { risk: 0.1, delta: 0.05 }, paused: true, upstream: 'big-2' },
  ])
})
