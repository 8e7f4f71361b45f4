import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { evidenceFaults, evidencePage, readEvidence } from "./evidence.ts";
import { benchRecords, lastRecord } from "./evidence-records.ts";

const root = resolve(import.meta.dirname, "../..");

describe("the evidence", () => {
  const evidence = readEvidence(root);

  it("has a proof that exists for each promise", () => {
    expect(evidenceFaults(root, evidence)).toEqual([]);
    for (const { title, proofs } of evidence) expect(proofs.length, title).toBeGreaterThan(5);
  });

  it("names each file of tests about outages, and each benchmark", () => {
    const page = evidencePage(evidence);
    const named = [
      ...globSync("packages/*/test/outages/*.test.ts", { cwd: root }),
      ...[...readFileSync(join(root, "bench/src/main.ts"), "utf8").matchAll(/^ {2}"?([a-z-]+)"?(?:: \w+)?,$/gm)].map(
        ([, name]) => `npm run bench -- ${name}\``,
      ),
    ];
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !page.includes(name))).toEqual([]);
  });

  it("is seen to be missing", () => {
    const proof = (by: string) => ({ promise: by, by, recorded: "" });
    const proofs = [
      proof("`npm run chaos`"),
      proof("`npm run order`"),
      proof("`packages/server/test/none.test.ts`"),
      proof("`LOST` in `model/promises.pml`"),
      proof("`FOUND` in `model/promises.pml`"),
      proof("our word"),
    ];
    expect(evidenceFaults(root, [{ title: "", about: "", proofs }])).toEqual([
      "`npm run order`: there is no npm run order",
      "`packages/server/test/none.test.ts`: there is no packages/server/test/none.test.ts",
      "`FOUND` in `model/promises.pml`: there is no FOUND",
      "our word: nothing proves it",
    ]);
  });

  it("takes the last run of a benchmark, with what it missed", () => {
    const records = benchRecords(`
\`npm run bench -- one two --rounds 2\` (2026-11-20), alone:

one
  speed: 1.1 (aim ≥ 1: met)
two
  delay: 9 ms (aim ≤ 8 ms: MISSED)

\`npm run bench -- one --rounds 3\` (2026-11-21), beside others:

| | result | aim |
| --- | --- | --- |
| speed | 1.2 | met |
| size | 3 | MISSED |

\`npm run bench -- one --rounds 4\` (2026-11-22) said nothing.

## Of no run

  speed: 0.1 (aim ≥ 1: MISSED)
`);
    expect(records.map(({ date }) => date)).toEqual(["2026-11-20", "2026-11-21", "2026-11-22"]);
    expect(lastRecord(records, "one")).toMatchObject({
      command: "npm run bench -- one --rounds 3",
      verdicts: new Map([
        [
          "one",
          [
            { aim: "speed", met: true },
            { aim: "size", met: false },
          ],
        ],
      ]),
    });
    expect(lastRecord(records, "two")?.verdicts.get("two")).toEqual([{ aim: "delay: 9 ms (aim ≤ 8 ms)", met: false }]);
    expect(lastRecord(records, "three")).toBeUndefined();
  });

  it("is printed in docs/evidence.md", () => {
    const path = join(root, "docs/evidence.md");
    const page = evidencePage(evidence);
    if (process.env["UPDATE_REFERENCE"] === "1") writeFileSync(path, page);
    expect(readFileSync(path, "utf8") === page, "docs/evidence.md is out of date: npm run reference").toBe(true);
  });
});
