import { expect, test } from 'vitest'
import * as g from '../graph/ops.ts'
import { adamW } from '../graph/optimizer.ts'
import { lowerTraining } from './lower-training.ts'

test('a parameter or an input that is there twice under one name is refused: half of its gradient would be lost', () => {
  const trained = [{ parameter: g.parameter('w', [3]), weightDecay: 0 }]
  const [first] = trained
  const twice = g.reduceSum(g.mul(first!.parameter, g.parameter('w', [3])), [0])
  expect(() => lowerTraining({ loss: twice, trained, optimizer: adamW }, new Map())).toThrow(
    'two values of the loss are the parameter w',
  )
  const inputs = g.add(g.input('x', [3]), g.input('x', [3]))
  const loss = g.reduceSum(g.mul(first!.parameter, inputs), [0])
  expect(() => lowerTraining({ loss, trained, optimizer: adamW }, new Map())).toThrow(
    'two inputs are named x',
  )
})
