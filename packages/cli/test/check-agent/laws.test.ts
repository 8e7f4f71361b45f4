import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { allCases, levels } from "../../src/check-agent/cases/all.ts";
import type { Level } from "../../src/check-agent/cases/case.ts";
import { check } from "../../src/check-agent/check.ts";
import { type Law, laws as lawTexts, nameOf } from "../../src/check-agent/laws.ts";
import type { Outcome } from "../../src/check-agent/run.ts";
import { type Fault, faults } from "./faults.ts";
import { SmallAgent } from "./small-agent.ts";

/** The case that has to find each fault, and the law that it breaks. */
const places: Record<Fault, [name: string, law: Law]> = {
  "gives up after a refusal": ["connects-again", "Connecting"],
  "long keepalive": ["connects", "Connecting"],
  "does not notice a dead link": ["dead-link", "Connecting"],
  "foul result": ["open-menu", "Messages"],
  "takes longer than it says": ["abilities", "Abilities"],
  "stays with an old journal": ["welcome-knows-more", "Memory"],
  "begins a lost journal anew": ["journal-deleted", 4],
  "hello once only for all connections": ["connects", 1],
  "hello names the answered": ["receipt-lost", 2],
  "one hello, welcome or not": ["hello-again", 3],
  "closes by an old journal": ["welcome-knows-another", 6],
  "closes before the welcome": ["close-before-welcome", 6],
  "journal not on the disk": ["power-cut-after-result", 7],
  "leaves out a number": ["open-menu", 8],
  "tells each result once": ["result-lost", 9],
  "copies differ": ["result-lost", 9],
  "ignores memory": ["server-went-back", 10],
  "believes what nobody said": ["heartbeats", 10],
  "tells what the server holds": ["receipt-lost", 10],
  "after where nothing was dropped": ["two-commands", 11],
  "another order at a new address": ["new-address", 13],
  "origin dropped": ["open-menu", 15],
  "begins anew after a crash": ["power-cut-in-the-middle", 17],
  "forgets what it has begun": ["power-cut-in-the-middle", 22],
  "does not know answered commands": ["repeated-command", 17],
  "begins copies": ["doubled-command", 17],
  "never late": ["late-command", 18],
  "two at once": ["two-commands", 19],
  "knows every word": ["unknown-words", 20],
  "does what it cannot do": ["abilities", 20],
  "does not say started": ["open-menu", 21],
  "a crash is a failed close": ["power-cut-in-a-close", 22],
  "forgets requests": ["same-request", 23],
  "tells a repetition as begun": ["same-request", 23],
  "asks no reader": ["close-by-hand", 24],
  "never out of step": ["previous-close-older", 25],
  "does not say the last close": ["previous-close-other", 25],
  "begins what was cancelled": ["cancelled-first", 29],
  "refuses to cancel what is only written": ["cancelled-while-beginning", 29],
  "gives a close up without comparing": ["cancelled-close-out-of-step", 29],
  "drops what is cancelled too late": ["cancelled-at-once", 30],
  "deaf to late cancels": ["cancelled-late", 31],
  "its own clock": ["clock-ahead", 32],
  "stumbles over nonsense": ["nonsense", 35],
  "no goodbye": ["goodbye", 36],
  "one session for ever": ["connects", 37],
  "no will": ["connects", 37],
  "no heartbeats": ["heartbeats", 38],
  "heartbeat before the welcome": ["hello-again", 38],
  "hasty heartbeats": ["heartbeats", 39],
  "deaf to probes": ["probe", 40],
  "log without a digest": ["log", "Sending a log"],
  "invents the id of its log": ["log-in-vain", "Sending a log"],
  "asks for updates once": ["nothing-new", "check_update"],
  "does not say what runs": ["nothing-new", "check_update"],
  "waits for ever": ["silent-request", "Requests that go silent"],
  "believes any key": ["release-of-a-stranger", "U1"],
  "fetches before it verifies": ["release-of-a-stranger", "U2"],
  "refuses without a reason": ["release-of-a-stranger", "U4"],
  "invents versions": ["nothing-new", "U6"],
};

async function runCases(names: readonly string[], ...broken: Fault[]): Promise<readonly Outcome[]> {
  const finding = await check({
    cases: allCases.filter(({ name }) => names.includes(name)),
    host: "127.0.0.1",
    pairing: false,
    serial: "SMALL-1",
    // The small agent without faults passes as soon as it answers, so its longer time limits cost no time.
    timeoutFactor: broken.length > 0 ? 1 : 5,
    signal: new AbortController().signal,
    introduced: () => undefined,
    tell: () => undefined,
    overheard: () => undefined,
    device: (referee) => new SmallAgent(referee, ...broken),
  });
  return finding?.outcomes ?? [];
}

const namesOf = (wanted: Level) => allCases.filter(({ level }) => level === wanted).map(({ name }) => name);

const docs = new URL("../../../../docs/", import.meta.url);
const start = readFileSync(new URL("device-protocol.md", docs), "utf8");
/** The first page of the protocol, and its pages for particular topics. */
const protocol = [
  start,
  ...readdirSync(new URL("device-protocol/", docs)).map((name) =>
    readFileSync(new URL(`device-protocol/${name}`, docs), "utf8"),
  ),
];

/** Returns the numbers of the rules on a page. */
function rulesIn(page: string): string[] {
  return [...page.matchAll(/^(U?\d+)\. /gm)].map(([, rule]) => rule as string);
}

/** Returns `1–3, 5` as 1, 2, 3, 5. */
function numbersOf(spans: string): string[] {
  return spans.split(", ").flatMap((span) => {
    const [first = "", last = first] = span.split("–");
    const prefix = first.startsWith("U") ? "U" : "";
    const [from, to] = [first, last].map((end) => Number(end.replace("U", ""))) as [number, number];
    return Array.from({ length: to - from + 1 }, (_, index) => `${prefix}${from + index}`);
  });
}

describe("check-agent", () => {
  // All cases run at once, because most of their time is waiting for missing messages.
  let faultless: Map<Level, Promise<readonly Outcome[]>>;
  let faulty: Map<Fault, Promise<readonly Outcome[]>>;
  beforeAll(async () => {
    faultless = new Map(levels.map((level) => [level, runCases(namesOf(level))]));
    faulty = new Map(faults.map((fault) => [fault, runCases([places[fault][0]], fault)]));
    await Promise.allSettled([...faultless.values(), ...faulty.values()]);
  });

  it.each(levels)("passes an agent that keeps the laws, on level %s", async (level) => {
    const outcomes = (await faultless.get(level)) ?? [];
    expect(outcomes.filter(({ verdict }) => verdict !== "passed")).toEqual([]);
    expect(outcomes.map(({ name }) => name)).toEqual(namesOf(level));
  });

  it.each(faults)("finds an agent that has this fault: %s", async (fault) => {
    const [name, law] = places[fault];
    const [outcome] = (await faulty.get(fault)) ?? [];
    expect(outcome).toMatchObject({ name, verdict: "broken" });
    expect(outcome?.breaches.map((breach) => breach.law)).toContain(law);
  });

  it("has each case with its laws in docs/check-agent.md", () => {
    const page = readFileSync(new URL("check-agent.md", docs), "utf8");
    const rows = allCases.map(({ name, title, laws }) => `| \`${name}\` | ${title} | ${laws.map(nameOf).join(", ")} |`);
    expect(rows.filter((row) => !page.includes(`${row}\n`))).toEqual([]);
  });

  it("knows no rule but those of the device protocol, each of which stands in one place", () => {
    const placesOf = (law: string) => {
      const place = /^U?\d+$/.test(law) ? `\n${law}. ` : `# ${law}`;
      return protocol.flatMap((page) => page.split(place).slice(1)).length;
    };
    expect(Object.keys(lawTexts).filter((law) => placesOf(law) !== 1)).toEqual([]);
  });

  it("asks of each level no rule of a higher one", () => {
    const rows = [...start.matchAll(/^\| (\d), [^|]+\|[^|]+\| ([^|]+) \|$/gm)];
    const rulesOf = new Map(rows.map(([, level, rules]) => [Number(level), numbersOf(rules as string)]));
    expect([...rulesOf.keys()]).toEqual(levels);
    const all = [...rulesOf.values()].flat();
    expect(all.toSorted()).toEqual(protocol.flatMap(rulesIn).toSorted());
    const tooHigh = allCases.flatMap(({ name, level, laws }) => {
      const allowed = new Set(levels.filter((one) => one <= level).flatMap((one) => rulesOf.get(one)));
      return laws.filter((law) => /\d/.test(String(law)) && !allowed.has(String(law))).map((law) => `${name}: ${law}`);
    });
    expect(tooHigh).toEqual([]);
  });

  it("has a fault for every law that a case is about", () => {
    const found = new Set(Object.values(places).map(([, law]) => law));
    const untried = allCases.flatMap(({ laws }) => laws).filter((law) => !found.has(law));
    // A fault of law 16, a start before the write to the disk, looks like an operation without an answer after a
    // crash.
    expect([...new Set(untried)]).toEqual([16]);
  });
});
