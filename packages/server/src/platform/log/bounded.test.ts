import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { boundedTroubles } from "./bounded.ts";
import { createLogger } from "./log.ts";

const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), { code: "ECONNREFUSED" });

describe("lines about trouble", () => {
  it("come once in a minute for each kind, whatever worker or terminal it is; the next one says how many were left out", () => {
    let now = 0;
    const passes = boundedTroubles(() => now);
    const failed = "worker failed, starting it again";
    expect(passes({ err: refused, worker: "a" }, failed)).toBe(0);
    for (let n = 0; n < 84; n += 1) expect(passes({ err: refused, worker: `b${n}` }, failed)).toBeUndefined();
    expect(passes({ err: new Error("Query read timeout"), worker: "a" }, failed)).toBe(0);
    expect(passes({ err: refused }, "request failed")).toBe(0);
    now = 59_999;
    expect(passes({ err: refused }, failed)).toBeUndefined();
    now = 60_000;
    expect(passes({ err: refused }, failed)).toBe(85);
    expect(passes({ err: refused }, failed)).toBeUndefined();
  });

  it("are of one kind where only numbers and ids differ", () => {
    const passes = boundedTroubles(() => 0);
    expect(passes({ err: new Error("no answer of T12345678-T0001") }, "x")).toBe(0);
    expect(passes({ err: new Error("no answer of T12345678-T0002") }, "x")).toBeUndefined();
    expect(passes({ reason: "terminating connection 17" }, "lost")).toBe(0);
    expect(passes({ reason: "terminating connection 18" }, "lost")).toBeUndefined();
    expect(passes({ postgresPid: 5 }, "PostgreSQL: FATAL: the database system is starting up")).toBe(0);
    expect(passes({ postgresPid: 6 }, "PostgreSQL: FATAL: the database system is starting up")).toBeUndefined();
  });

  it("are all written where they are none, or faults of the program", () => {
    const passes = boundedTroubles(() => 0);
    for (let n = 0; n < 3; n += 1) {
      expect(passes({ setting: "TILLKEEPER_X" }, "not a setting")).toBe(0);
      expect(passes({ err: refused, code: "internal_error" }, "request failed")).toBe(0);
    }
  });

  it("are bounded in the log that the program writes, also through children of it", () => {
    const lines: string[] = [];
    const log = createLogger("info", new Writable({ write: (line, _, done) => done(void lines.push(String(line))) }));
    const child = log.child({ request_id: "1" });
    for (let n = 0; n < 10; n += 1) {
      log.error({ err: refused }, "worker failed");
      child.error({ err: refused }, "worker failed");
      log.info({ err: refused }, "told at a level that is no warning");
    }
    const said = lines.map((line) => JSON.parse(line).msg);
    expect(said.filter((msg) => msg === "worker failed")).toHaveLength(1);
    expect(said).toHaveLength(11);
  });
});
