import { systemClock } from "@tillkeeper/agent/clock";
import type { Connection } from "@tillkeeper/agent/links/connection";
import { silentLogger } from "@tillkeeper/agent/logger";
import { expect, it } from "vitest";
import { type AgentEvent, lineOf, observed } from "./events.ts";

it("a connection's trouble with the network is an event; a refusal, of which the server is asked, is none", () => {
  const told: AgentEvent[] = [];
  const open = observed(
    ({ log }) => {
      // An address with two families fails with one error for both.
      const both = new AggregateError([new Error("::1"), new Error("127.0.0.1")]);
      log.warn({ err: Object.assign(both, { code: "ECONNREFUSED" }) }, "cannot connect; will try again");
      log.warn({ err: new TypeError("fetch failed", { cause: new DOMException("", "TimeoutError") }) }, "failed");
      log.warn({ err: new Error("Connection refused: Not authorized") }, "cannot connect; will try again");
      log.info({ address: "x" }, "connected");
      return {} as Connection;
    },
    "T10000001-T0001",
    (event) => told.push(event),
  );
  open({
    credential: { url: "mqtt://127.0.0.1:1", address: "x", password: "y" },
    clock: systemClock,
    log: silentLogger,
    nextSession: () => "s",
    events: { up: () => undefined, down: () => undefined, message: () => undefined },
  });
  expect(told.map((event) => lineOf(event, false))).toEqual([
    "cannot connect (connection refused); trying again",
    "cannot connect (no answer in time); trying again",
  ]);
  expect(told.map((event) => JSON.parse(lineOf(event, true)))).toEqual(told);
});
