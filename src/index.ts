/** The public API of Shoal, written out: what is not here may change without notice. */

export type { Clock } from './base/clock.ts'
export { systemClock } from './base/clock.ts'
export type { ErrorCode } from './base/errors.ts'
export { AppError, errorTable } from './base/errors.ts'
export type { CallId, ExampleId, ModelName, SpecialistId, TaskId } from './base/ids.ts'
export { parseSpecialistId, specialistId, taskId } from './base/ids.ts'
export type { Json, JsonObject } from './base/json.ts'
export { createLog } from './base/log.ts'
export type { Progress, ProgressEvent, WorkOptions } from './base/progress.ts'
export type { Example, ExampleSet, ExampleSource, Splits } from './data/example.ts'
export { exampleId, exampleSet } from './data/example-set.ts'
export { splitExamples } from './data/splits.ts'
export type { Baseline } from './eval/baseline.ts'
export { plainBaselines } from './eval/baselines.ts'
export type { Evaluation } from './eval/evaluate.ts'
export { evaluate } from './eval/evaluate.ts'
export type { Serving, ServingOptions } from './gateway/serving.ts'
export { startServing } from './gateway/serving.ts'
export type { Configuration } from './pipeline/configuration.ts'
export type { ImportOutcome } from './pipeline/import.ts'
export { importFiles } from './pipeline/import.ts'
export { defaultConfiguration, readConfiguration } from './pipeline/read-configuration.ts'
export { loadExamples } from './pipeline/read-files.ts'
export type { Target } from './pipeline/target.ts'
export { openTarget } from './pipeline/target.ts'
export type { RowsRequest, TaskRows } from './pipeline/task-rows.ts'
export { gatherRows } from './pipeline/task-rows.ts'
export type { TrainedSpecialist } from './pipeline/train.ts'
export { trainSpecialist } from './pipeline/train.ts'
export type { AutoShop, AutoTrained } from './pipeline/train-auto.ts'
export { trainAuto } from './pipeline/train-auto.ts'
export type { TrainRequest, TrainShop } from './pipeline/train-request.ts'
export { openDiskRegistry } from './registry/disk-registry.ts'
export type { Manifest, Registry } from './registry/registry.ts'
export type { Distribution, Prediction, Predictor } from './task/predictor.ts'
export type {
  OutputSpace,
  PromptTemplate,
  Rendering,
  RiskTarget,
  Task,
  TaskInput,
  TaskKind,
  TaskOutput,
} from './task/types.ts'
export { maskText } from './text/masking.ts'
export { createNanoTier } from './tier/nano/nano-tier.ts'
export type { Artefact, RawPrediction, RawPredictor, Tier, TierKind, TrainOptions } from './tier/tier.ts'
export type { Home } from './trace/home.ts'
export { openHome } from './trace/home.ts'
export { openLibsqlStore } from './trace/libsql-store.ts'
export type { Store } from './trace/store.ts'
export type { Card } from './trust/card.ts'
export { cardMarkdown } from './trust/card-markdown.ts'
export type { Certificate } from './trust/certificate.ts'
export type { Call } from './wire/call.ts'
