import { describe, expect, it } from "vitest";
import { isPastValidation } from "../src/checks.ts";
import type { Answer } from "../src/http.ts";
import { asMarkdown, isClean, type Report, RouteCounts, shallow } from "../src/report.ts";

const answer = (status: number, code: string): Answer => ({
  status,
  headers: {},
  text: JSON.stringify({ error: { code, message: "No.", errors: [] } }),
  ms: 1,
});

function reportOf(tally: RouteCounts): Report {
  return { seed: 1, seconds: 1, routes: new Map([["a_route", tally]]), failures: [], more: 0, logLines: 0, secrets: 0 };
}

/** Counts the requests of each span; `past` says which of them got past validation. */
function tallyOf(...spans: [count: number, past: (n: number) => boolean][]): RouteCounts {
  const tally = new RouteCounts();
  for (const [count, past] of spans)
    for (let n = 0; n < count; n += 1) tally.add(200, { right: true, past: past(n), ms: 1 });
  return tally;
}

describe("what counts as past validation", () => {
  it.each([
    [200, ""],
    [204, ""],
    [304, ""],
    [404, "store_not_found"],
    [409, "store_has_terminals"],
    [403, "scope_not_held"],
    [401, "invalid_proof"],
  ])("an answer of the route's rules: %i %s", (status, code) => {
    expect(isPastValidation(answer(status, code))).toBe(true);
  });

  it.each([
    [0, ""],
    [400, "invalid_request"],
    [400, "invalid_json"],
    [401, "missing_token"],
    [401, "invalid_token"],
    [403, "insufficient_scope"],
    [404, "not_found"],
    [404, "account_not_found"],
    [405, "method_not_allowed"],
    [413, "body_too_large"],
    [415, "unsupported_media_type"],
    [422, "file_mismatch"],
    [429, "too_many_requests"],
    [500, "internal_error"],
    [503, "service_unavailable"],
  ])("not a refusal before them: %i %s", (status, code) => {
    expect(isPastValidation(answer(status, code))).toBe(false);
  });
});

describe("the report of a hostile run", () => {
  it("counts shares of the requests that were sent with what opens the route", () => {
    const tally = tallyOf([30, (n) => n % 3 > 0]);
    for (let n = 0; n < 100; n += 1) tally.add(401, { right: false, past: false, ms: 1 });
    const report = reportOf(tally);
    expect(asMarkdown(report)).toContain("| a_route | 130 | 66 % | 57 %, 75 %, 57 %, 75 % | 1 | 200: 30, 401: 100 |");
    expect(isClean(report)).toBe(true);
  });

  it("finds a route with fewer than half past validation", () => {
    const report = reportOf(tallyOf([1_000, (n) => n % 100 < 49]));
    expect(shallow(report)).toEqual(["a_route: only 49 % of its requests get past validation"]);
    expect(isClean(report)).toBe(false);
    expect(asMarkdown(report)).toContain("The requests are too shallow.");
  });

  it("finds a share that has sunk by the end of the run", () => {
    const report = reportOf(tallyOf([900, () => true], [300, (n) => n % 10 < 4]));
    expect(shallow(report)).toEqual([
      "a_route: only 40 % of its requests in the last quarter of the run get past validation",
    ]);
    expect(isClean(report)).toBe(false);
  });

  it("leaves room for chance where there are few requests", () => {
    expect(shallow(reportOf(tallyOf([100, (n) => n % 10 < 4])))).toEqual([]);
    expect(shallow(reportOf(tallyOf([100, (n) => n % 10 < 3])))).toHaveLength(1);
    expect(shallow(reportOf(tallyOf([25, () => false])))).toHaveLength(1);
  });

  it("judges no share of next to none", () => {
    expect(shallow(reportOf(tallyOf([19, () => false])))).toEqual([]);
    expect(shallow(reportOf(new RouteCounts()))).toEqual([]);
    expect(asMarkdown(reportOf(new RouteCounts()))).toContain("| a_route | 0 | - | -, -, -, - | 0 |  |");
  });
});
