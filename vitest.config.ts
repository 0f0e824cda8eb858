import { defineConfig } from "vitest/config";

/**
 * Tests must survive any order: the seed of a red run is printed, `npm test -- --sequence.seed=<n>`
 * repeats it.
 */
const seed = Date.now() % 1_000_000;

export default defineConfig({
  test: {
    globalSetup: ["tests/setup/global.ts"],
    setupFiles: ["packages/testkit/src/vitest/setup.ts"],
    pool: "forks",
    // More than the cores of a small machine: most of the time a test waits for processes of its
    // own.
    maxWorkers: 5,
    retry: 0,
    // Generous: they cost nothing when green, and a busy machine is not a bug.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    sequence: { shuffle: true, seed, hooks: "stack" },
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    projects: [
      {
        extends: true,
        test: {
          name: "packages",
          include: ["packages/*/test/**/*.test.ts"],
          exclude: ["**/*.world.test.ts", "**/node_modules/**"],
          // A process loads a module once for all its files: they keep no state in one.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "unit",
          include: ["apps/*/test/**/*.test.ts", "tests/**/*.test.ts"],
          exclude: ["tests/{e2e,faults}/**", "**/*.world.test.ts", "**/node_modules/**"],
        },
      },
      {
        // A whole fleet each, mostly waiting: they share the workers with the unit tests.
        extends: true,
        test: {
          name: "e2e",
          include: ["tests/e2e/**/*.test.ts"],
          exclude: ["**/*.world.test.ts", "**/node_modules/**"],
          testTimeout: 600_000,
        },
      },
      {
        // `npm run test:world`: what takes more than 30 s, needs a program of Debian, or is a story
        // beyond the main one.
        extends: true,
        test: {
          name: "world",
          include: ["{apps,packages,tests}/**/*.world.test.ts", "tests/faults/**/*.test.ts"],
          testTimeout: 600_000,
        },
      },
    ],
  },
});
