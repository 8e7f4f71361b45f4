import { expect, it } from "vitest";
import type { Clock } from "../platform/clock.ts";
import { RequestLog } from "./request-log.ts";

const own = "T10000001";
const clock = { now: () => new Date("2026-06-29T20:00:00Z") } as Clock;
const request = { client_id: "till", request_id: "r", method: "GET", status: 200, code: undefined, duration_ms: 1 };
const newLog = () => new RequestLog(clock, () => own);
const seen = (log: RequestLog, account: string) => log.page(account, { limit: 1_000 }).requests.map(({ path }) => path);

it("keeps the last 200 requests of an account, newest first", () => {
  const log = newLog();
  for (let index = 0; index < 250; index += 1) log.note({ ...request, account_id: own, path: `/${index}` });
  expect(seen(log, own)).toEqual(Array.from({ length: 200 }, (_, index) => `/${249 - index}`));
});

it("keeps 50 accounts, its own among them, and drops the one that was heard of longest ago", () => {
  const log = newLog();
  const accounts = Array.from({ length: 60 }, (_, index) => `T2000${String(index).padStart(4, "0")}`);
  for (const account of [own, ...accounts]) log.note({ ...request, account_id: account, path: "/" });
  expect([own, ...accounts].filter((account) => seen(log, account).length > 0)).toEqual([own, ...accounts.slice(-49)]);
});

it("begins no log for a refused request, nor for a live account, and shows an account its own requests only", () => {
  const log = newLog();
  log.note({ ...request, account_id: "T20000001", path: "/", status: 401 });
  log.note({ ...request, account_id: "P20000001", path: "/" });
  log.note({ ...request, account_id: own, path: "/own", status: 401, code: "invalid_client" });
  expect(["T20000001", "P20000001", own].map((account) => seen(log, account))).toEqual([[], [], ["/own"]]);
});
