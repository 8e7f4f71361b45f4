import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { leftBehind, scratch, startCli } from "./support/cli.ts";

test("the demo goes as documented and leaves nothing", async () => {
  const place = scratch();
  // The demo ignores the settings of a real server.
  const ended = await startCli(["demo"], { ...place.env, DATABASE_URL: "postgres://127.0.0.1:1/real" }).ended;
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toMatch(/Everything went as documented, in \d+\.\d s\.\n$/);
  expect(ended.stdout).not.toContain("FAIL ");
  expect(ended.stdout).not.toContain("\u001B[");
  for (const shown of ["409, Retry-After", "replayed, same id", "TIMEOUT, no_answer", "FAILED, device_error", "NOK"]) {
    expect(ended.stdout).toContain(shown);
  }
  expect(leftBehind(place)).toEqual([]);
  expect(existsSync(place.data)).toBe(false);
});

test("an interrupted demo leaves nothing either", async () => {
  const place = scratch();
  const cli = startCli(["demo"], place.env);
  await cli.until(/Send it again/);
  cli.signal("SIGINT");
  const ended = await cli.ended;
  expect(ended).toMatchObject({ code: 130, stderr: "" });
  expect(ended.stdout).toContain("Interrupted");
  expect(leftBehind(place)).toEqual([]);
});
