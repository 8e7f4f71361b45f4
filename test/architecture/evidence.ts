import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promises as chaosPromises } from "../../chaos/src/checker/history.ts";
import { type BenchRecord, benchRecords, lastRecord, sectionOf, tableOf } from "./evidence-records.ts";

/** One promise: how it is proved, and what the last recorded run said. */
interface Proof {
  promise: string;
  /** A command or a file of tests, each in backticks. */
  by: string;
  recorded: string;
}

/** Promises of one kind, with the pages that tell them in full. */
export interface Evidence {
  title: string;
  about: string;
  proofs: Proof[];
}

const everyRun = "each run of `.ci/run`";

/** Reads all promises and their proofs from the documents and the sources. */
export function readEvidence(root: string): Evidence[] {
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const reliability = read("docs/reliability.md");
  return [
    decisions(root, read("docs/conformance.md")),
    model(read("docs/model.md")),
    chaos(reliability),
    outages(root),
    hostile(reliability),
    year(reliability),
    bench(read("docs/benchmarks.md")),
  ];
}

function decisions(root: string, text: string): Evidence {
  const rows = tableOf(text, "decision");
  const isNightly = (path: string) =>
    existsSync(join(root, path)) && readFileSync(join(root, path), "utf8").startsWith("// @module-tag nightly");
  return {
    title: "The API",
    about: `[Conformance](conformance.md) names the test of each row, and what the public pages show of it.`,
    proofs: rows.map(([decision, promise, , shownBy = ""]) => {
      const path = `packages/server/test/${/`([^`]+)`/.exec(shownBy)?.[1]}`;
      return {
        promise: `${decision}: ${promise}`,
        by: `\`${path}\``,
        recorded: isNightly(path) ? "`.ci/run nightly`" : everyRun,
      };
    }),
  };
}

function model(text: string): Evidence {
  const run = sectionOf(text, "## A run");
  const rows = tableOf(run, "model");
  const holds = rows.filter((cells) => cells.at(-1) === "holds").length;
  const breaks = rows.filter((cells) => cells.at(-1)?.startsWith("breaks")).length;
  const [, date] = /^(\d{4}-\d\d-\d\d): /m.exec(run) ?? [];
  const told = `${holds} models hold, and ${breaks} of ${rows.length - holds} that are broken on purpose are found to be`;
  const promisesIn = (part: string, file: string) =>
    tableOf(part, "promise").map(([promise = "", names]) => ({
      promise,
      by: `\`npm run model\`: ${names} in \`${file}\``,
      recorded: `${date}: holds`,
    }));
  if (date === undefined || breaks < rows.length - holds)
    throw new Error("docs/model.md: a run without a date, or one that failed");
  return {
    title: "The device protocol, in every order of events",
    about: `[The model](model.md) says what is modelled and what is not. ${date}, \`npm run model\`: ${told}.`,
    proofs: [
      ...promisesIn(sectionOf(text, "## The promises"), "model/promises.pml"),
      ...promisesIn(sectionOf(text, "## The memory of terminals"), "model/memory/promises.pml"),
    ],
  };
}

/** Promises that `npm run chaos` prints, with the file whose tests break each of them. */
function chaos(text: string): Evidence {
  const runs = [...sectionOf(text, "## Recorded runs").matchAll(/^### (\d\S+): (.+)$/gm)];
  const [heading = "", date, what] = latest(runs);
  const run = sectionOf(text, heading);
  const command = /`(npm run chaos [^`]*)`/.exec(run)?.[1];
  const told = new Map(tableOf(run, "promise").map(([promise, broken]) => [promise, broken]));
  const ofEvents = new Set([
    "changes_have_events",
    "positions_without_gap",
    "streams_are_whole",
    "reset_for_a_reason",
    "webhooks_come",
  ]);
  return {
    title: "A whole system under faults",
    about: `[Reliability](reliability.md) says what runs, what is done to it, and what the findings are. ${date}, \`${command}\`: ${what}.`,
    proofs: Object.entries(chaosPromises).map(([name, promise]) => {
      const tests = ofEvents.has(name) ? "events" : "check";
      const broken = told.get(promise);
      return {
        promise,
        by: `\`npm run chaos\`; its checker by \`chaos/src/checker/${tests}.test.ts\``,
        recorded: broken === undefined ? "**in no recorded run yet**" : `${date}: broken ${broken}`,
      };
    }),
  };
}

/** The match with the latest date, which is its first group. Throws when there is none. */
function latest(runs: readonly RegExpMatchArray[]): RegExpMatchArray {
  const last = runs.toSorted((a, b) => (a[1] as string).localeCompare(b[1] as string)).at(-1);
  if (!last) throw new Error("docs/reliability.md lacks a recorded run");
  return last;
}

/** What takes many minutes is a command of its own. */
const commandOf = (file: string) => (file.includes("/test/long/") ? "test:long" : "test:outages");

function outages(root: string): Evidence {
  const files = globSync(["packages/*/test/outages/*.test.ts", "packages/*/test/long/failover.test.ts"], {
    cwd: root,
  }).toSorted();
  const proofs = files.flatMap((file) => testsOf(readFileSync(join(root, file), "utf8"), file));
  return {
    title: "A database in trouble",
    about: "What `npm run test:outages` tries: its tests, as they are called.",
    proofs,
  };
}

/** The tests of a file, by their names; `describe` stands before them. */
function testsOf(source: string, file: string): Proof[] {
  let group = "";
  const proofs: Proof[] = [];
  const named = /^\s*(describe|it|test)(?:\.\w+(?:\([^"`\n]*\))?)?\(\s*(["`])(.+?)\2/gm;
  for (const [, kind, , called = ""] of source.matchAll(named)) {
    // What differs between the cases of one test.
    const name = called.replace(/:? ?\$\{\w+\}$/, "");
    if (kind === "describe") group = `${name} `;
    else
      proofs.push({
        promise: `${group}${name}`,
        by: `\`npm run ${commandOf(file)}\`: \`${file}\``,
        recorded: commandOf(file) === "test:outages" ? everyRun : "by itself, not in `.ci/run`",
      });
  }
  return proofs;
}

function hostile(text: string): Evidence {
  const part = sectionOf(text, "## Hostile requests");
  const runs = [...part.matchAll(/^(\d{4}-\d\d-\d\d), `(npm run hostile [^`]*)`[^:]*: ([^;]*);.*?\*\*(.+?)\*\*/gms)];
  const [, date, command, size, verdict] = latest(runs);
  return {
    title: "Hostile requests",
    about: `Each of these faults ends a run with exit code 1: [reliability](reliability.md#hostile-requests). ${date}, \`${command}\`: ${size}.`,
    proofs: tableOf(part, "fault").map(([fault = ""]) => ({
      promise: `must not happen: ${fault}`,
      by: "`npm run hostile`; its checks by `hostile/test/hostile.test.ts`",
      recorded: `${date}: ${verdict?.toLowerCase()}`,
    })),
  };
}

function year(text: string): Evidence {
  const part = sectionOf(text, "## A simulated year");
  const runs = [...part.matchAll(/\*\*Recorded run, (\d{4}-\d\d-\d\d)\.\*\* `([^`]+)`/g)];
  const [whole = "", date, command] = latest(runs);
  const figures = new Map(tableOf(part.slice(part.indexOf(whole)), "figure").map(([name, value]) => [name, value]));
  const size = `${figures.get("closes that closed a batch")} closes, ${figures.get("findings")} findings`;
  return {
    title: "A simulated year of closes by themselves",
    about: `The laws of the [autopilot](autopilot.md). ${date}, \`${command}\`: ${size}, which [reliability](reliability.md#a-simulated-year) tells one by one, with those that are open.`,
    proofs: tableOf(part, "law").map(([law, how]) => ({
      promise: `${law}: ${how}`,
      by: "`npm run year`; its checker by `year/src/checker/check.test.ts`",
      recorded: `${date}: ${figures.get("findings")} findings in all laws`,
    })),
  };
}

function bench(text: string): Evidence {
  const records = benchRecords(text);
  return {
    title: "Speed",
    about:
      "Aims of the [benchmarks](benchmarks.md), and the last run of each that was kept. A missed aim is shown as one.",
    proofs: tableOf(text, "program").map(([program = "", question, aim]) => {
      const name = program.replaceAll("`", "");
      return {
        promise: `${question} ${aim}`,
        by: `\`npm run bench -- ${name}\``,
        recorded: toldOf(lastRecord(records, name), name),
      };
    }),
  };
}

function toldOf(record: BenchRecord | undefined, program: string): string {
  if (!record) return "**in no recorded run yet**";
  const verdicts = record.verdicts.get(program) ?? [];
  if (verdicts.length === 0) return `${record.date}, \`${record.command}\`: see there`;
  const missed = verdicts.filter(({ met }) => !met);
  const shown = verdicts.length <= 4 ? verdicts : missed;
  const sentences = shown.map(({ aim, met }) => `${aim}: ${met ? "met" : "**missed**"}`);
  const count = `${verdicts.length - missed.length} of ${verdicts.length} aims met`;
  return [`${record.date}, \`${record.command}\`: ${count}`, ...sentences].join("; ");
}

/** Faults of proofs: a file or a script that is named and does not exist, and a promise that nothing proves. */
export function evidenceFaults(root: string, evidence: readonly Evidence[]): string[] {
  const scripts = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> })
    .scripts;
  return evidence.flatMap(({ proofs }) =>
    proofs.flatMap(({ promise, by }) => {
      const named = [...by.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string);
      const gone = named.filter((name) => !exists(root, scripts, name, by));
      if (named.length === 0) return [`${promise}: nothing proves it`];
      return gone.map((name) => `${promise}: there is no ${name}`);
    }),
  );
}

function exists(root: string, scripts: Record<string, string>, name: string, by: string): boolean {
  const [, script] = /^npm run ([\w:]+)/.exec(name) ?? [];
  if (script !== undefined) return script in scripts;
  if (name.includes("/")) return globSync(name, { cwd: root }).length > 0;
  // A promise of the model, which the file beside it must define.
  const file = /in `([^`]+\.pml)`/.exec(by)?.[1];
  const text = file === undefined ? "" : readFileSync(join(root, file), "utf8");
  return text.includes(`#define ${name} `) || text.includes(`${name} {`);
}

/** The page docs/evidence.md. */
export function evidencePage(evidence: readonly Evidence[]): string {
  const cell = (text: string) => text.replaceAll("\n", " ").replaceAll("|", "\\|");
  return [
    "# Evidence",
    "",
    "What is promised, how each promise is proved, and what the last recorded run said. `npm run reference` prints this page from the other documents and the",
    "sources; a promise whose proof does not exist fails the tests of the architecture. Tests run with each change (`.ci/run`); long runs are recorded by hand.",
    ...evidence.flatMap(({ title, about, proofs }) => [
      "",
      `## ${title}`,
      "",
      about.replaceAll("\n", " "),
      "",
      "| promise | proved by | recorded |",
      "| --- | --- | --- |",
      ...proofs.map(({ promise, by, recorded }) => `| ${[promise, by, recorded].map(cell).join(" | ")} |`),
    ]),
    "",
  ].join("\n");
}
