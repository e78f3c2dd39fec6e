/**
 * Lowers a training step to one ONNX model of ordinary operations: a Loop does several steps in a run, with parameters
 * and the optimizer's state carried from one to the next, and takes each batch out of inputs stacked along a leading axis.
 */
import { assert } from '../base/errors.ts'
import type { Shape } from '../graph/dim.ts'
import { orderedNodes } from '../graph/gradients.ts'
import { learningRateName, parameterName } from '../graph/optimizer.ts'
import { type StepGraph, stepGraph, type TrainingStep } from '../graph/training-step.ts'
import type { DType, Node, Value } from '../graph/value.ts'
import {
  createEmitter,
  createModelScope,
  type Emitter,
  type LoweringTarget,
  usedInitializers,
  usedNodes,
} from './emitter.ts'
import { bindParameters, frozenNames, opsets, type Tensors } from './lower-inference.ts'
import type { OnnxGraph, OnnxValueInfo } from './message.ts'
import { encodeModel } from './write.ts'

/** A model that trains, and what is to be fed to it. */
export interface TrainingModel {
  readonly bytes: Uint8Array
  /** Float32 tensors carried from step to step: fed under `name`, given back under `name.next`. */
  readonly state: readonly StateSpec[]
  /** Inputs of one micro-batch; fed with a leading axis `steps`, then `microBatches` where the step accumulates. */
  readonly batch: readonly BatchSpec[]
  /** Fed as float32 `[steps]`. */
  readonly schedule: readonly string[]
  /** Given as float32 `[steps]`. */
  readonly reports: readonly string[]
  readonly accumulates: boolean
}

/** A carried tensor; `parameter` starts as the parameter of that name, `zeros` as zeros. */
export interface StateSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly start: 'parameter' | 'zeros'
}

/** An input of each micro-batch. */
export interface BatchSpec {
  readonly name: string
  readonly shape: Shape
  readonly dtype: DType
}

/** Lowers a step. Parameters that do not train are constants from `tensors`; sizes of named axes are those of the run. */
export function lowerTraining(
  step: TrainingStep,
  tensors: Tensors,
  options: { readonly target?: LoweringTarget } = {},
): TrainingModel {
  const accumulates = step.accumulates ?? false
  const graph = stepGraph(step)
  const batch = batchInputs(step)
  const state = graph.state.map(({ name, shape, start }) => ({ name, shape: shape.map(Number), start }))
  const model = {
    state,
    batch,
    schedule: [learningRateName],
    reports: Object.keys(graph.reports),
    accumulates,
  }
  return { ...model, bytes: encodeTraining(step, graph, model, tensors, options.target ?? 'cpu') }
}

function batchInputs(step: TrainingStep): readonly BatchSpec[] {
  const inputs = orderedNodes([step.loss]).flatMap(({ op }) =>
    op.kind === 'input' ? [{ name: op.name, shape: op.shape, dtype: op.dtype }] : [],
  )
  const names = new Set<string>()
  for (const { name } of inputs) {
    assert(!names.has(name), `two inputs are named ${name}`)
    names.add(name)
  }
  return inputs
}

function encodeTraining(
  step: TrainingStep,
  graph: StepGraph,
  model: Omit<TrainingModel, 'bytes'>,
  tensors: Tensors,
  target: LoweringTarget,
): Uint8Array {
  const scope = createModelScope()
  const outer = createEmitter(target, scope)
  const leading = model.accumulates ? ['steps', 'microBatches'] : ['steps']
  for (const { name, shape } of model.batch) outer.bindAxes(name, [...leading, ...shape])
  outer.bindAxes(learningRateName, ['steps'])
  const trained = new Set(step.trained.map(({ parameter }) => parameterName(parameter)))
  const frozen = frozenNames(outer, [step.loss], tensors, trained)
  const context: Lowering = {
    step,
    graph,
    model,
    outer,
    frozen,
    newEmitter: () => createEmitter(target, scope, outer),
  }
  const body = stepBody(context)
  const outputs = [
    ...model.state.map(({ name, shape }) => ({ name: `${name}.next`, type: 'float32', shape }) as const),
    ...model.reports.map((name) => ({ name, type: 'float32', shape: ['steps'] }) as const),
  ]
  outer.nodes.push({
    type: 'Loop',
    inputs: [outer.sizes(['steps']), '', ...model.state.map(({ name }) => name)],
    outputs: outputs.map(({ name }) => name),
    attributes: { body: { kind: 'graph', value: body } },
  })
  const names = outputs.map(({ name }) => name)
  const nodes = usedNodes(outer.nodes, names)
  const initializers = usedInitializers(scope.initializers, nodes)
  const inputs = trainingInputs(model, leading)
  return encodeModel({ opsets, graph: { name: 'training', nodes, initializers, inputs, outputs } })
}

function trainingInputs(model: Omit<TrainingModel, 'bytes'>, leading: Shape): readonly OnnxValueInfo[] {
  return [
    ...model.state.map(({ name, shape }) => ({ name, type: 'float32', shape }) as const),
    ...model.batch.map(({ name, shape, dtype }) => ({ name, type: dtype, shape: [...leading, ...shape] })),
    ...model.schedule.map((name) => ({ name, type: 'float32', shape: ['steps'] }) as const),
  ]
}

interface Lowering {
  readonly step: TrainingStep
  readonly graph: StepGraph
  readonly model: Omit<TrainingModel, 'bytes'>
  readonly outer: Emitter
  /** Names of constants by parameter. */
  readonly frozen: ReadonlyMap<string, string>
  readonly newEmitter: () => Emitter
}

/** The body of the Loop: one step. */
function stepBody(context: Lowering): OnnxGraph {
  const { graph, model, newEmitter } = context
  const body = newEmitter()
  const iteration = body.fresh()
  const carried = graph.state.map(({ before, shape }) => {
    const name = body.fresh()
    body.bind(before, name)
    return { name, type: 'float32' as const, shape }
  })
  const take = (stacked: string): string => body.emit('Gather', [stacked, iteration])[0]!
  body.bind(graph.learningRate, take(learningRateName))
  const names = new Map([
    ...context.frozen,
    ...graph.state.map(({ name }, i) => [name, carried[i]!.name] as const),
  ])
  bindParameters(body, [context.step.loss], names)
  const stacked = model.batch.map(({ name }) => take(name))
  if (model.accumulates) bindAccumulated(context, body, names, stacked)
  else bindBatch(context, body, stacked)
  const results = [...graph.state.map(({ after }) => after), ...Object.values(graph.reports)]
  return loopBody(
    body,
    'step',
    iteration,
    carried,
    results.map((value) => lowered(body, value)),
  )
}

/** Binds the inputs of the loss to the batch of an iteration. */
function bindBatch({ step, model }: Lowering, emitter: Emitter, names: readonly string[]): void {
  for (const node of orderedNodes([step.loss])) {
    const { op } = node
    if (op.kind !== 'input') continue
    const at = model.batch.findIndex(({ name }) => name === op.name)
    emitter.bind(firstOutput(node), names[at]!)
  }
}

/** A Loop within the step that sums loss and gradients over micro-batches; the sums take the place of both. */
function bindAccumulated(
  context: Lowering,
  body: Emitter,
  parameters: ReadonlyMap<string, string>,
  stacked: readonly string[],
): void {
  const { step, graph, newEmitter, outer } = context
  const summed = [step.loss, ...graph.gradients]
  const inner = newEmitter()
  const iteration = inner.fresh()
  bindParameters(inner, [step.loss], parameters)
  bindBatch(
    context,
    inner,
    stacked.map((name) => inner.emit('Gather', [name, iteration])[0]!),
  )
  const carried = summed.map(({ shape }) => ({ name: inner.fresh(), type: 'float32' as const, shape }))
  const results = summed.map((value, i) => inner.emit('Add', [carried[i]!.name, lowered(inner, value)])[0]!)
  const value = loopBody(inner, 'micro-batch', iteration, carried, results)
  const zeros = summed.map(({ shape }) => outer.zeros(shape))
  const sums = body.emit('Loop', [outer.sizes(['microBatches']), '', ...zeros], {
    attributes: { body: { kind: 'graph', value } },
    outputs: summed.length,
  })
  summed.forEach((part, i) => {
    body.bind(part, sums[i]!)
  })
}

/** Lowers what a value is made of in order, so that no recursion is deep, and gives its name. */
function lowered(emitter: Emitter, value: Value): string {
  for (const node of orderedNodes([value], emitter.bound)) {
    if (!emitter.bound(node)) emitter.name(firstOutput(node))
  }
  return emitter.name(value)
}

function firstOutput(node: Node): Value {
  return { node, output: 0, ...node.outputs[0]! }
}

/** The graph of a loop's body: carried values in, the same and what is told of each iteration out. */
function loopBody(
  emitter: Emitter,
  name: string,
  iteration: string,
  carried: readonly OnnxValueInfo[],
  results: readonly string[],
): OnnxGraph {
  const keep = emitter.fresh()
  const made = new Set(emitter.nodes.flatMap(({ outputs }) => outputs))
  // An output is made by a node of the body, and by one output alone: else it is a copy.
  const outputs = [keep, ...results].map((result) =>
    made.delete(result) ? result : emitter.emit('Identity', [result])[0]!,
  )
  const nodes = usedNodes(emitter.nodes, outputs)
  assert(results.length >= carried.length, `the body of ${name} gives less than it carries`)
  return {
    name,
    nodes,
    initializers: [],
    inputs: [
      { name: iteration, type: 'int64', shape: [] },
      { name: keep, type: 'bool', shape: [] },
      ...carried,
    ],
    outputs: outputs.map((output, i) => {
      const type = i === 0 ? 'bool' : 'float32'
      return { name: output, type, shape: carried[i - 1]?.shape ?? [] }
    }),
  }
}
