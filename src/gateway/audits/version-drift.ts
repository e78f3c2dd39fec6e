/** The watch on drift of a version that serves: one monitor for each of its specialists, since each is asked inputs of its own sort. */
import type { SpecialistId } from '../../base/ids.ts'
import type { ServedSpecialist } from '../../route/specialist.ts'
import type { Prediction } from '../../task/predictor.ts'
import { type DriftFigures, type DriftMonitor, driftMonitor } from '../../trust/drift.ts'

export interface VersionDrift {
  /** Takes what a specialist said of the next input that it was asked; true where a window was judged with it. */
  add(specialist: Pick<ServedSpecialist, 'id' | 'typical'>, said: Prediction): boolean
  /** Of all together; absent where no card says what is typical, or nothing was asked yet. */
  figures(): DriftFigures | undefined
}

/** Watches from now on. */
export function versionDrift(): VersionDrift {
  const monitors = new Map<SpecialistId, DriftMonitor>()
  return {
    add: ({ id, typical }, said) => {
      if (!typical) return false
      const monitor = monitors.get(id) ?? driftMonitor(typical)
      monitors.set(id, monitor)
      return monitor.add(said)
    },
    figures: () => {
      if (monitors.size === 0) return undefined
      const figures = [...monitors.values()].map((monitor) => monitor.figures())
      return {
        windows: figures.reduce((sum, { windows }) => sum + windows, 0),
        drifting: [...new Set(figures.flatMap(({ drifting }) => drifting))],
      }
    },
  }
}
