import { defineConfig } from 'vitest/config';

/** Two projects: `unit` is fast and covered, `e2e` drives real processes over loopback, two files at a time. */
export default defineConfig({
  test: {
    // Many tests wait for processes and sockets rather than for a core.
    maxWorkers: 3,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'container/src/**/*.ts'],
      thresholds: { lines: 80, branches: 80 },
    },
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**'], testTimeout: 20_000 } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
