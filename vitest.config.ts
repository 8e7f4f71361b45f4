import { defineConfig } from "vitest/config";

/**
 * unit: pure, beside the code. system: real PostgreSQL, broker and HTTP, started by the tests themselves.
 * architecture: what lint cannot say. peers: needs Debian's mosquitto packages, so it is a command of its own.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["packages/*/src/**/*.test.ts"] } },
      {
        test: {
          name: "system",
          include: ["packages/*/test/**/*.test.ts"],
          exclude: ["packages/*/test/peers/**", "**/node_modules/**"],
          globalSetup: ["packages/server/test/support/global-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: "architecture", include: ["test/architecture/**/*.test.ts"] } },
      {
        test: {
          name: "peers",
          include: ["packages/*/test/peers/**/*.test.ts"],
          globalSetup: ["packages/server/test/support/global-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
