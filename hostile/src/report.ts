/** The counts of a route's requests. */
export class RouteCounts {
  requests = 0;
  ms = 0;
  readonly statuses = new Map<number, number>();
  /** For each request with valid credentials, in order: whether it got past validation. */
  readonly #past: boolean[] = [];

  add(status: number, { right, past, ms }: { right: boolean; past: boolean; ms: number }): void {
    this.requests += 1;
    this.ms += ms;
    if (right) this.#past.push(past);
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  /** The share of all requests with valid credentials. */
  get whole(): Share {
    return shareOf(this.#past);
  }

  /** The share in each quarter of the run; a quarter of the requests is one, because the routes take turns. */
  get quarters(): Share[] {
    const cut = (quarter: number) => Math.floor((this.#past.length * quarter) / 4);
    return [0, 1, 2, 3].map((quarter) => shareOf(this.#past.slice(cut(quarter), cut(quarter + 1))));
  }
}

/** The share of requests that got past validation; 0 of 0 requests. */
export interface Share {
  of: number;
  past: number;
}

function shareOf(all: boolean[]): Share {
  return { of: all.length, past: all.filter(Boolean).length / Math.max(all.length, 1) };
}

/** Something wrong that a run found. */
export interface Failure {
  what: string;
  route: string;
  /** The requests that show it, as command lines. */
  curl: string[];
}

/** The outcome of a run. */
export interface Report {
  seed: number;
  seconds: number;
  routes: Map<string, RouteCounts>;
  failures: Failure[];
  /** The number of failures that were not kept. */
  more: number;
  logLines: number;
  secrets: number;
}

const leastShare = 0.5;
/** Below this number of requests a share says nothing. */
const leastRequests = 20;
/** From this number of requests on, no allowance is made for chance. */
const enough = 1_000;

/** Sentences on routes whose requests were mostly refused for their form, in the whole run or in its last quarter. */
export function shallow({ routes }: Report): string[] {
  return [...routes].flatMap(([route, { whole, quarters }]) => {
    const last = quarters.at(-1) as Share;
    if (isShallow(whole)) return [tellShallow(route, whole, "its requests")];
    return isShallow(last) ? [tellShallow(route, last, "its requests in the last quarter of the run")] : [];
  });
}

function isShallow({ of, past }: Share): boolean {
  // Two standard deviations of a share near half.
  const chance = of < enough ? 1 / Math.sqrt(of) : 0;
  return of >= leastRequests && past < leastShare - chance;
}

function tellShallow(route: string, { past }: Share, of: string): string {
  return `${route}: only ${percent(past)} of ${of} get past validation`;
}

/** Whether a run found nothing, and was deep enough to find something. */
export function isClean(report: Report): boolean {
  return report.failures.length === 0 && shallow(report).length === 0;
}

/** The report as Markdown: a row for each route, then the failures. */
export function asMarkdown(report: Report): string {
  const { routes, failures, more, seconds, seed, logLines, secrets } = report;
  const counts = [...routes.values()].map(({ requests }) => requests);
  const all = counts.reduce((sum, requests) => sum + requests, 0);
  const rows = [...routes]
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(
      ([route, tally]) =>
        `| ${route} | ${tally.requests} | ${shareShown(tally.whole)} | ${tally.quarters.map(shareShown).join(", ")} | ${Math.round(tally.ms / Math.max(tally.requests, 1))} | ${statusesOf(tally)} |`,
    );
  return [
    "| route | requests | past validation | by quarter of the run | ms | answers |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `Seed ${seed}: ${all} requests on ${routes.size} routes, at least ${Math.min(...counts)} on each, in ${Math.round(seconds)} s; ${secrets} secrets looked for in ${logLines} lines of the log.`,
    ...shallow(report),
    ...failures.map(({ what, route, curl }) => [`\n${route}: ${what} (seed ${seed})`, ...curl].join("\n  ")),
    ...(more > 0 ? [`\nand ${more} more failures.`] : []),
    verdict(report),
  ].join("\n");
}

function verdict(report: Report): string {
  if (isClean(report)) return "Nothing is wrong.";
  return report.failures.length > 0 ? "The server fails." : "The requests are too shallow.";
}

function statusesOf({ statuses }: RouteCounts): string {
  return [...statuses]
    .toSorted(([one], [other]) => one - other)
    .map(([status, count]) => `${status}: ${count}`)
    .join(", ");
}

function shareShown({ of, past }: Share): string {
  return of === 0 ? "-" : percent(past);
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
