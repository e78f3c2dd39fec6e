import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    // What needs published weights runs from `.ci/weights`, which pulls them first.
    exclude: [
      ...configDefaults.exclude,
      ...(process.env['SHOAL_WEIGHTS'] === undefined ? ['test/weights/**'] : []),
    ],
    testTimeout: 30_000,
    pool: 'forks',
    // Much of the suite waits for processes that it started: with one worker, the default on two cores, it takes twice as long.
    maxWorkers: 2,
  },
})
