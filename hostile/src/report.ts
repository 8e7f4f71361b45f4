/** What became of a route's requests. */
export class Tally {
  requests = 0;
  /** Sent with what opens the route. */
  right = 0;
  /** Of those, the ones that were not refused for their form. */
  past = 0;
  ms = 0;
  readonly statuses = new Map<number, number>();

  add(status: number, { right, past, ms }: { right: boolean; past: boolean; ms: number }): void {
    this.requests += 1;
    this.ms += ms;
    if (right) this.right += 1;
    if (right && past) this.past += 1;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  get share(): number {
    return this.right === 0 ? 1 : this.past / this.right;
  }
}

export interface Failure {
  what: string;
  route: string;
  /** The requests that show it, as lines for a shell. */
  curl: string[];
}

export interface Report {
  seed: number;
  seconds: number;
  routes: Map<string, Tally>;
  failures: Failure[];
  /** Failures beyond those that are kept. */
  more: number;
  logLines: number;
  secrets: number;
}

const leastShare = 0.5;
/** Fewer say nothing about a share. */
const leastRequests = 20;

/** Routes whose requests were mostly refused for their form. */
export function shallow({ routes }: Report): string[] {
  return [...routes]
    .filter(([, tally]) => tally.right >= leastRequests && tally.share < leastShare)
    .map(([route, { share }]) => `${route}: only ${percent(share)} of its requests get past validation`);
}

export function isClean(report: Report): boolean {
  return report.failures.length === 0 && shallow(report).length === 0;
}

/** As Markdown: a row for each route, then what is wrong. */
export function asMarkdown(report: Report): string {
  const { routes, failures, more, seconds, seed, logLines, secrets } = report;
  const all = [...routes.values()].reduce((sum, { requests }) => sum + requests, 0);
  const rows = [...routes]
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(
      ([route, tally]) =>
        `| ${route} | ${tally.requests} | ${percent(tally.share)} | ${Math.round(tally.ms / Math.max(tally.requests, 1))} | ${statusesOf(tally)} |`,
    );
  return [
    "| route | requests | past validation | ms | answers |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `Seed ${seed}: ${all} requests on ${routes.size} routes in ${Math.round(seconds)} s; ${secrets} secrets looked for in ${logLines} lines of the log.`,
    ...shallow(report),
    ...failures.map(({ what, route, curl }) => [`\n${route}: ${what} (seed ${seed})`, ...curl].join("\n  ")),
    ...(more > 0 ? [`\nand ${more} more failures.`] : []),
    isClean(report) ? "Nothing is wrong." : "The server fails.",
  ].join("\n");
}

function statusesOf({ statuses }: Tally): string {
  return [...statuses]
    .toSorted(([one], [other]) => one - other)
    .map(([status, count]) => `${status}: ${count}`)
    .join(", ");
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
