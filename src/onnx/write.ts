/** ONNX messages as the bytes of a file (onnx.proto, IR version 10). */

import type { OnnxNode, OnnxTensor, OnnxValueInfo } from './message.ts'
import { elementTypes, type OnnxAttribute, type OnnxGraph, type OnnxModel } from './message.ts'
import { encodeMessage, type MessageWriter } from './protobuf.ts'

const irVersion = 10

/** Bytes of a model. */
export function encodeModel(model: OnnxModel): Uint8Array {
  return encodeMessage((writer) => {
    writer.int(1, irVersion)
    writer.text(2, 'shoal')
    writer.message(7, (inner) => writeGraph(inner, model.graph))
    for (const [domain, version] of Object.entries(model.opsets)) {
      writer.message(8, (inner) => {
        inner.text(1, domain)
        inner.int(2, version)
      })
    }
  })
}

function writeGraph(writer: MessageWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writer.message(1, (inner) => writeNode(inner, node))
  writer.text(2, graph.name)
  for (const tensor of graph.initializers) writer.message(5, (inner) => writeTensor(inner, tensor))
  for (const info of graph.inputs) writer.message(11, (inner) => writeValueInfo(inner, info))
  for (const info of graph.outputs) writer.message(12, (inner) => writeValueInfo(inner, info))
}

function writeNode(writer: MessageWriter, node: OnnxNode): void {
  for (const name of node.inputs) writer.text(1, name)
  for (const name of node.outputs) writer.text(2, name)
  writer.text(4, node.type)
  for (const [name, attribute] of Object.entries(node.attributes ?? {})) {
    writer.message(5, (inner) => {
      inner.text(1, name)
      writeAttribute(inner, attribute)
    })
  }
  if (node.domain !== undefined) writer.text(7, node.domain)
}

interface AttributeValues {
  readonly float: number
  readonly int: number
  readonly string: string
  readonly ints: readonly number[]
  readonly floats: readonly number[]
  readonly tensor: OnnxTensor
  readonly graph: OnnxGraph
}

type AttributeRules = {
  readonly [K in OnnxAttribute['kind']]: (writer: MessageWriter, value: AttributeValues[K]) => void
}

const utf8 = new TextEncoder()

const attributeRules: AttributeRules = {
  float: (writer, value) => {
    writer.float(2, value)
    writer.int(20, 1)
  },
  int: (writer, value) => {
    writer.int(3, value)
    writer.int(20, 2)
  },
  string: (writer, value) => {
    writer.bytes(4, utf8.encode(value))
    writer.int(20, 3)
  },
  tensor: (writer, value) => {
    writer.message(5, (inner) => writeTensor(inner, value))
    writer.int(20, 4)
  },
  graph: (writer, value) => {
    writer.message(6, (inner) => writeGraph(inner, value))
    writer.int(20, 5)
  },
  floats: (writer, value) => {
    writer.floats(7, value)
    writer.int(20, 6)
  },
  ints: (writer, value) => {
    writer.ints(8, value)
    writer.int(20, 7)
  },
}

function writeAttribute<K extends OnnxAttribute['kind']>(
  writer: MessageWriter,
  attribute: { readonly kind: K; readonly value: AttributeValues[K] },
): void {
  const rule: AttributeRules[K] = attributeRules[attribute.kind]
  rule(writer, attribute.value)
}

function writeTensor(writer: MessageWriter, tensor: OnnxTensor): void {
  writer.ints(1, tensor.dims)
  writer.int(2, elementTypes[tensor.type])
  writer.text(8, tensor.name)
  if (tensor.external === undefined) {
    writer.bytes(9, tensor.data)
    return
  }
  for (const [key, value] of Object.entries(tensor.external)) {
    writer.message(13, (inner) => {
      inner.text(1, key)
      inner.text(2, value)
    })
  }
  writer.int(14, 1)
}

function writeValueInfo(writer: MessageWriter, info: OnnxValueInfo): void {
  writer.text(1, info.name)
  writer.message(2, (type) => {
    type.message(1, (tensor) => {
      tensor.int(1, elementTypes[info.type])
      const { shape } = info
      if (shape === undefined) return
      tensor.message(2, (inner) => {
        for (const dim of shape) inner.message(1, (axis) => writeDim(axis, dim))
      })
    })
  })
}

function writeDim(writer: MessageWriter, dim: number | string): void {
  if (typeof dim === 'string') writer.text(2, dim)
  else writer.int(1, dim)
}
