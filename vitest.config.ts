import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], extra: Record<string, unknown> = {}) => ({
  test: { name, include, environment: 'node', ...extra },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', ['src/**/*.test.ts', 'test/architecture.test.ts']),
      project('contract', ['test/contract/**/*.test.ts'], { testTimeout: 30_000, hookTimeout: 30_000 }),
      project('integration', ['test/integration/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000 }),
      project('e2e', ['test/e2e/**/*.test.ts'], { testTimeout: 90_000, hookTimeout: 60_000 }),
    ],
  },
})
