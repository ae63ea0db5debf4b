import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], patience: number) => ({
  test: { name, include, testTimeout: patience, hookTimeout: patience },
})
// Most of what takes long waits: for a reload, a backoff, a hold.
const workers = availableParallelism() + 1

export default defineConfig({
  test: {
    maxWorkers: workers,
    projects: [
      project('unit', ['src/**/*.test.ts', 'test/architecture.test.ts'], 5_000),
      project('contract', ['test/contract/**/*.test.ts'], 30_000),
      project('integration', ['test/integration/**/*.test.ts'], 60_000),
      project('fuzz', ['test/fuzz/**/*.test.ts'], 60_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 60_000),
    ],
  },
})
