import type { GatheringTimes } from "../children/gathering.ts";
import type { Load } from "../parts/http-load.ts";
import type { PgbenchRun } from "../parts/pgbench.ts";
import { count, milliseconds, printAim, printTable } from "../parts/print.ts";
import { median, percentile } from "../parts/statistics.ts";

/** Results of one round; the three loads ran one after another. */
export interface AcceptRound {
  many: Load;
  pgbench: PgbenchRun;
  few: Load;
}

export interface AcceptFigures {
  callers: { many: number; few: number };
  rounds: AcceptRound[];
  /** Open loop at half of the rate that `few` callers reached. */
  half: Load;
  /** One caller. */
  alone: Load;
  gathering: GatheringTimes;
}

const aims = { ratio: 1, p99: 15, gathering: 1.5 };

/** Prints the tables of `accept` and compares its figures with the aims. */
export function reportAccept(figures: AcceptFigures): void {
  printRounds(figures);
  printLatencies(figures);
  printGathering(figures);
  const { rounds, half, gathering } = figures;
  const pgbench = median(rounds.map((round) => round.pgbench.perSecond));
  const ratioOf = (who: "many" | "few") => median(rounds.map((round) => round[who].perSecond)) / pgbench;
  const ratio = ratioOf("many");
  const of = (callers: number) => `accepted operations : pgbench transactions, ${callers} callers`;
  printAim(of(figures.callers.many), ratio.toFixed(2), `≥ ${aims.ratio}`, ratio >= aims.ratio);
  console.log(`  ${of(figures.callers.few)}: ${ratioOf("few").toFixed(2)}`);
  const p99 = percentile(half.latencies, 0.99);
  printAim("p99 of accept at half load", `${milliseconds(p99)} ms`, `≤ ${aims.p99} ms`, p99 <= aims.p99);
  const p50 = percentile(gathering.gathered, 0.5);
  const cost = p50 / percentile(gathering.oneRow, 0.5);
  const what = "one caller alone, p50 gathered : p50 of a statement for one row";
  printAim(what, cost.toFixed(2), `≤ ${aims.gathering}`, cost <= aims.gathering);
  console.log(`  the same : p50 of a batch of one: ${(p50 / percentile(gathering.batchOfOne, 0.5)).toFixed(2)}`);
  const loads = [...rounds.flatMap((round) => [round.many, round.few]), half, figures.alone];
  const accepted = loads.reduce((sum, load) => sum + load.accepted, 0);
  console.log(
    `  nothing lost: all requests were answered 201, all ${count(accepted)} operations are in the database\n`,
  );
}

function printRounds({ rounds, callers }: AcceptFigures): void {
  const columns = (load: Load, tps: number) => [...cells(load), (load.perSecond / tps).toFixed(2)];
  const rows = rounds.map(({ many, pgbench, few }, round) => [
    `round ${round + 1}`,
    count(pgbench.perSecond),
    ...columns(many, pgbench.perSecond),
    ...columns(few, pgbench.perSecond),
  ]);
  const head = (size: number) => [`${size} callers: accepted/s`, "p50 ms", "p99 ms", "ratio"];
  printTable(["", "pgbench tps", ...head(callers.many), ...head(callers.few)], rows);
}

function printLatencies({ half, alone, callers }: AcceptFigures): void {
  const rows = [
    [`half of the rate of ${callers.few}`, ...cells(half)],
    ["one caller alone", ...cells(alone)],
  ];
  printTable(["over HTTP", "requests/s", "p50 ms", "p99 ms"], rows);
}

function printGathering({ gathering }: AcceptFigures): void {
  const row = (name: string, times: number[]) => [
    name,
    ...[percentile(times, 0.5), percentile(times, 0.99)].map(milliseconds),
  ];
  const rows = [
    row("as the server does, gathered", gathering.gathered),
    row("the same statement, a batch of one", gathering.batchOfOne),
    row("a statement for one row", gathering.oneRow),
  ];
  printTable(["one caller alone, without HTTP", "p50 ms", "p99 ms"], rows);
}

function cells(load: Load): string[] {
  const { latencies } = load;
  return [count(load.perSecond), milliseconds(percentile(latencies, 0.5)), milliseconds(percentile(latencies, 0.99))];
}
