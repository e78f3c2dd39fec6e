/** placeholder until the baselines land */
export const plainBaselines: readonly import('./baseline.ts').Baseline[] = []
