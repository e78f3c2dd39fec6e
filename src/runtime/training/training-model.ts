export interface TrainingModel {
  readonly bytes: Uint8Array
  readonly state: readonly {
    readonly name: string
    readonly shape: readonly number[]
    readonly start: 'parameter' | 'zeros'
  }[]
  readonly batch: readonly {
    readonly name: string
    readonly shape: readonly (number | string)[]
    readonly dtype: 'float32' | 'int32' | 'bool'
  }[]
  readonly schedule: readonly string[]
  readonly reports: readonly string[]
}
