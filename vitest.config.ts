import { globSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { patience } from "./packages/stage/src/patience.ts";
import { LongestFirst } from "./test/longest-first.ts";

/** The folders of tests that need Debian's packages. */
const withDebian = ["peers", "replicas", "outages"].map((folder) => `packages/*/test/${folder}/**`);
/** The folders of system tests that take a minute or so each, which `npm test` leaves to a command of its own. */
const drills = "packages/*/test/drills/**";

/** What takes many minutes: `npm run test:long`, whose runs are recorded in docs/reliability.md. */
const long = ["packages/*/test/long/*.test.ts", "chaos/test/long/*.test.ts"];

/** Clients that others generate from our document: it starts what the peers' tests start. */
const clientsOfOthers = "packages/cli/test/peers/clients-of-others.test.ts";

/**
 * For all projects: no limit is there to measure speed. A test ends when what it awaits has come; the limits only end one
 * that hangs, also on a quarter of a processor.
 */
const unhurried = {
  setupFiles: ["test/wait-patiently.ts"],
  expect: { poll: patience },
  testTimeout: 5 * patience.timeout,
  hookTimeout: 5 * patience.timeout,
};

/**
 * Files share what they import: the sources are read once per worker, not once per file, which is a quarter of the whole run.
 * So no file may leave anything changed that others import.
 */
const shared = { isolate: false, restoreMocks: true };

/** Files with tests that run on three servers, too: the tag stands at the top for all of a file, or at single tests. */
const replicated = globSync("packages/server/test/**/*.test.ts").filter((file) =>
  /@module-tag replicas\b|tags: "replicas"/.test(readFileSync(file, "utf8")),
);

/** A dozen processes that kill each other share two cores: what misses its patience is tried once more, and reported as such. */
const retriesOfCrowds = 1;

/**
 * unit: pure, beside the code. system: real PostgreSQL, broker and HTTP, started by the tests themselves. architecture: what
 * lint cannot say. drills: system tests that take long or much processor time. strangers: client libraries of others, which
 * `npm run conformance` installs first. published: the packages as others get them, installed in an empty folder. image: the
 * container image, run under strict rules. peers: the device side with programs of others, and the pages in a browser.
 * replicas: what has that tag, on three servers that share Debian's PostgreSQL 15 and Mosquitto. outages: a database in
 * trouble, and what is on disk when. long: more of peers, outages and chaos, which CI does not run. Peers, replicas, outages
 * and long need Debian's packages, so they are commands of their own.
 */
export default defineConfig({
  test: {
    tags: [
      { name: "replicas", description: "What three servers might do otherwise than one: runs on three, too" },
      { name: "nightly", description: "Takes long, and what it shows changes rarely: only `.ci/run nightly` runs it" },
    ],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...unhurried,
          name: "unit",
          ...shared,
          include: [
            "packages/*/src/**/*.test.ts",
            "chaos/src/**/*.test.ts",
            "year/src/**/*.test.ts",
            "model/src/*.test.ts",
          ],
        },
      },
      {
        test: {
          ...unhurried,
          name: "system",
          include: ["packages/*/test/**/*.test.ts"],
          exclude: [...withDebian, drills, ...long, "**/node_modules/**"],
          globalSetup: ["packages/stage/src/setup/global-setup.ts"],
          ...shared,
          retry: retriesOfCrowds,
        },
      },
      {
        test: {
          ...unhurried,
          name: "drills",
          include: [`${drills}/*.test.ts`, "hostile/test/**/*.test.ts"],
          globalSetup: ["packages/stage/src/setup/global-setup.ts"],
          ...shared,
          retry: retriesOfCrowds,
        },
      },
      { test: { ...unhurried, name: "published", include: ["publishing/test/*.test.ts"] } },
      {
        test: {
          ...unhurried,
          name: "image",
          include: ["publishing/test/image/*.test.ts"],
          // A base image is made of Debian's packages.
          hookTimeout: 10 * unhurried.hookTimeout,
        },
      },
      {
        test: {
          ...unhurried,
          name: "strangers",
          include: ["conformance/*.test.ts", clientsOfOthers],
          globalSetup: ["packages/stage/src/setup/global-setup.ts"],
        },
      },
      { test: { ...unhurried, name: "architecture", include: ["test/architecture/**/*.test.ts"] } },
      {
        test: {
          ...unhurried,
          name: "replicas",
          ...shared,
          include: replicated,
          globalSetup: ["packages/stage/src/setup/global-setup-replicas.ts"],
          env: { TEST_TOPOLOGY: "replicas" },
          retry: retriesOfCrowds,
        },
      },
      {
        test: {
          ...unhurried,
          name: "outages",
          include: ["packages/*/test/outages/**/*.test.ts"],
          retry: retriesOfCrowds,
        },
      },
      {
        test: {
          ...unhurried,
          name: "peers",
          ...shared,
          include: ["packages/*/test/peers/**/*.test.ts", "chaos/test/**/*.test.ts"],
          exclude: [clientsOfOthers, ...long, "packages/console/**", "**/node_modules/**"],
          globalSetup: ["packages/stage/src/setup/global-setup.ts"],
          retry: retriesOfCrowds,
        },
      },
      {
        test: {
          ...unhurried,
          name: "long",
          include: long,
          globalSetup: ["packages/stage/src/setup/global-setup.ts"],
          retry: retriesOfCrowds,
        },
      },
      {
        // The console in Debian's Chromium.
        test: {
          ...unhurried,
          name: "console",
          ...shared,
          include: ["packages/console/test/peers/*.test.ts"],
          globalSetup: ["packages/stage/src/setup/global-setup.ts"],
          retry: retriesOfCrowds,
        },
      },
    ],
  },
});
