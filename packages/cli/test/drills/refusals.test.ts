// @module-tag nightly: a process for each refusal.

import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { leftBehind, scratch, startCli, startSandbox } from "../support/cli.ts";

const oneSentence = /^[^\n]+\.\n$/;

/** Listens on a port of this machine. Resolves with undefined when another program already listens on it. */
async function occupy(port: number): Promise<number | undefined> {
  const server: Server = createServer();
  onTestFinished(() => void server.close());
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return undefined;
  }
  const address = server.address();
  return typeof address === "object" ? address?.port : undefined;
}

test.for(["TILLKEEPER_HTTP_PORT", "TILLKEEPER_MQTT_PORT"])("%s is taken", async (setting) => {
  const place = scratch();
  const port = String(await occupy(0));
  const ended = await startCli(["sandbox"], { ...place.env, [setting]: port }).ended;
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(oneSentence);
  expect(ended.stderr).toContain(`Port ${port} on 127.0.0.1 is in use by another program`);
  expect(ended.stderr).toContain(setting);
  expect(leftBehind(place)).toEqual([]);
});

test("a default port that is taken is stepped around, and the block says so", async () => {
  const place = scratch();
  // The port is taken now, by this test or by another program.
  await occupy(8080);
  const { block } = await startSandbox({ ...place.env, TILLKEEPER_HTTP_PORT: "" });
  const port = /API +http:\/\/127\.0\.0\.1:(\d+)\n/.exec(block)?.[1];
  expect(Number(port)).toBeGreaterThan(8080);
  expect(block).toContain(`Port 8080 is in use by another program, so the API listens on ${port}.`);
});

test("faults of the settings are listed together", async () => {
  const ended = await startCli(["sandbox"], {
    TILLKEEPER_HTTP_PORT: "99999",
    TILLKEEPER_LOG_LEVEL: "loud",
    TILLKEEPER_LOG_DAY: "1",
    DATABASE_URL: "mysql://localhost",
  }).ended;
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  for (const name of ["TILLKEEPER_HTTP_PORT", "TILLKEEPER_LOG_LEVEL", "TILLKEEPER_LOG_DAY", "DATABASE_URL"]) {
    expect(ended.stderr).toMatch(new RegExp(`^  ${name}: .+[.?]$`, "m"));
  }
});

test("variables that Kubernetes makes of a Service are passed over; of others that are no settings the log warns", async () => {
  const place = scratch();
  const service = { TILLKEEPER_PORT: "tcp://10.0.0.1:8080", TILLKEEPER_SERVICE_HOST: "10.0.0.1" };
  const sandbox = await startSandbox({ ...place.env, ...service, TILLKEEPER_TEAM: "blue" });
  const { code, stderr } = await sandbox.stop();
  expect(code).toBe(0);
  const warnings = stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(warnings).toEqual([expect.objectContaining({ level: 40, setting: "TILLKEEPER_TEAM" })]);
  expect(stderr).not.toContain("blue");
});

test.for(["sandbox", "serve", "migrate"])("%s: the database cannot be reached", async (command) => {
  const place = scratch();
  const url = "postgres://someone:hidden@127.0.0.1:1/tillkeeper";
  const ended = await startCli([command], { ...place.env, DATABASE_URL: url }).ended;
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(oneSentence);
  expect(ended.stderr).toContain("DATABASE_URL");
  expect(ended.stderr).not.toContain("hidden");
});

test.for([
  ["sandbox", "The data folder FOLDER is in use by another server"],
  ["migrate", "A server is running on the data folder FOLDER and holds its database"],
] as const)("%s: another server has the data folder", async ([command, message]) => {
  const place = scratch();
  await startSandbox(place.env);
  const ended = await startCli([command], place.env).ended;
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(oneSentence);
  expect(ended.stderr).toContain(message.replace("FOLDER", place.data));
});
