import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "@tillkeeper/stage/programs/random";
import { UsageError } from "@tillkeeper/stage/programs/usage";
import type { Settings } from "./arguments.ts";
import { createAnswerCheck, isPastValidation } from "./checks.ts";
import { type Endpoint, type OpenApi, readEndpoints } from "./document.ts";
import { compareWithForeign } from "./foreign-and-missing.ts";
import { type Answer, asCurl, createHttp, type Http, type RawRequest } from "./http.ts";
import { KnownIds } from "./known-ids.ts";
import { learnFromAnswer } from "./learn-from-answer.ts";
import { LogSearch } from "./log-search.ts";
import { cardNumbers } from "./recipes.ts";
import { type Failure, type Report, RouteCounts } from "./report.ts";
import { type CredentialKind, makeRequest } from "./requests.ts";
import type { Stage } from "./stage.ts";
import { renewTransfer, transferKinds, transferSeconds } from "./transfers.ts";
import { openWorld, type World } from "./world.ts";

export interface RunOptions extends Settings {
  stage: Stage;
  signal: AbortSignal;
}

/** The number of failures that are kept and printed; further ones are counted. */
const mostFailures = 50;
const mostPerRoute = 5;
/** The transfers are renewed long before their windows end. */
const renewMs = (transferSeconds / 2) * 1000;
/** The share of requests that are sent as pairs, for a foreign thing and for a missing one. */
const pairShare = 0.08;

/** Sends requests until the time is over or every route has its number, then ends the server and searches its log. */
export async function runHostile({ stage, signal, ...settings }: RunOptions): Promise<Report> {
  const begun = performance.now();
  const world = await openWorld(stage);
  const document = (await (await fetch(`${stage.url}/openapi.json`)).json()) as OpenApi;
  // The server is no sandbox, so it has no controls of one: they would move the time of the whole run.
  const endpoints = readEndpoints(document).filter(
    ({ id }) => id.includes(settings.routes) && !id.startsWith("sandbox_"),
  );
  if (endpoints.length === 0) throw new UsageError(`No route's operation id contains "${settings.routes}".`);
  const run = new Run({ stage, world, document, endpoints, settings });
  const deadline = performance.now() + settings.minutes * 60_000;
  await run.sendUntil(() => signal.aborted || performance.now() > deadline);
  await stage.stop();
  const { lines, found } = await run.log.search(stage.logFile);
  for (const what of found) run.fail({ what, route: "log", curl: [] });
  return {
    seed: settings.seed,
    seconds: (performance.now() - begun) / 1000,
    routes: run.routes,
    failures: run.failures,
    more: run.more,
    logLines: lines,
    secrets: run.log.size,
  };
}

interface RunParts {
  stage: Stage;
  world: World;
  document: OpenApi;
  endpoints: Endpoint[];
  settings: Settings;
}

class Run {
  readonly log = new LogSearch();
  readonly routes = new Map<string, RouteCounts>();
  readonly failures: Failure[] = [];
  more = 0;
  readonly #parts: RunParts;
  readonly #pools: KnownIds;
  readonly #checkAnswer: ReturnType<typeof createAnswerCheck>;
  readonly #http: Http;
  #count = 0;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#pools = new KnownIds(parts.world);
    this.#checkAnswer = createAnswerCheck(parts.document, parts.stage, parts.world);
    this.#http = createHttp(parts.stage.url, parts.settings.concurrency);
    this.log.add("bootstrap token", parts.stage.bootstrapToken);
    this.log.add("broker secret", parts.stage.brokerSecret);
    for (const number of cardNumbers) this.log.add("number of a card", number);
    this.log.learn(JSON.stringify(parts.world), "the world");
    for (const { id } of parts.endpoints) this.routes.set(id, new RouteCounts());
  }

  /** Sends requests, so many at a time, until `over` returns true or every route has its number. */
  async sendUntil(over: () => boolean): Promise<void> {
    const ended = new AbortController();
    const renewing = this.#renewUntil(ended.signal);
    const lane = async () => {
      for (let endpoint = this.#next(); endpoint && !over(); endpoint = this.#next()) await this.#ask(endpoint);
    };
    await Promise.all(Array.from({ length: this.#parts.settings.concurrency }, lane));
    ended.abort();
    await renewing;
    this.#http.close();
  }

  /** Keeps a failure, or counts it when there are enough. */
  fail(failure: Failure): void {
    const ofRoute = this.failures.filter(({ route }) => route === failure.route).length;
    if (this.failures.length < mostFailures && ofRoute < mostPerRoute) this.failures.push(failure);
    else this.more += 1;
  }

  /** The next route in turn that has not reached its number of requests; undefined when all have. */
  #next(): Endpoint | undefined {
    const { endpoints, settings } = this.#parts;
    for (let step = 0; step < endpoints.length; step += 1) {
      const endpoint = endpoints[this.#count++ % endpoints.length] as Endpoint;
      const { requests } = this.routes.get(endpoint.id) as RouteCounts;
      if (settings.requestsPerRoute === 0 || requests < settings.requestsPerRoute) return endpoint;
    }
    return undefined;
  }

  async #ask(endpoint: Endpoint): Promise<void> {
    const { stage, world, settings } = this.#parts;
    const seed = (settings.seed * 1_000_003 + this.#count) >>> 0;
    const random = createRandom(seed);
    const parts = { stage, world, pools: this.#pools, random };
    if (endpoint.guarded && random.chance(pairShare)) {
      const pair = await compareWithForeign(parts, this.#http, endpoint, seed);
      if (pair) {
        for (const [rawRequest, answer] of pair.answers) this.#note(endpoint, "right", rawRequest, answer);
        if (pair.difference !== undefined)
          this.#report(
            endpoint,
            pair.difference,
            pair.answers.slice(0, 2).map(([rawRequest]) => rawRequest),
          );
        return;
      }
    }
    const { rawRequest, credentials } = makeRequest(parts, endpoint);
    this.#note(endpoint, credentials, rawRequest, await this.#http.send(rawRequest));
  }

  #note(endpoint: Endpoint, credentials: CredentialKind, rawRequest: RawRequest, answer: Answer): void {
    const wrong = this.#checkAnswer(rawRequest, answer);
    if (wrong !== undefined) this.#report(endpoint, wrong, [rawRequest]);
    const past = isPastValidation(answer);
    this.routes.get(endpoint.id)?.add(answer.status, { right: credentials === "right", past, ms: answer.ms });
    if (credentials === "right") learnFromAnswer(this.#pools, endpoint, rawRequest, answer);
    if (answer.status >= 200 && answer.status < 300) this.#learn(endpoint, answer);
  }

  #learn({ id }: Endpoint, { text }: Answer): void {
    this.log.learn(text, id);
    if (id === "device_pair_post" || id === "device_token_post")
      this.#parts.world.messagingDevice.token = JSON.parse(text).token;
  }

  #report({ id: route }: Endpoint, what: string, rawRequests: RawRequest[]): void {
    this.fail({ what, route, curl: rawRequests.map((rawRequest) => asCurl(this.#parts.stage.url, rawRequest)) });
  }

  async #renewUntil(ended: AbortSignal): Promise<void> {
    while (await sleep(renewMs, true, { signal: ended }).catch(() => false)) await this.#renew();
  }

  /** Renews the transfers of the waiting devices, so that their tokens stay valid. */
  async #renew(): Promise<void> {
    const { stage, world } = this.#parts;
    for (const kind of transferKinds) {
      try {
        const transfer = await renewTransfer(stage, world, kind);
        world.waiting[kind] = { ...world.waiting[kind], transfer };
        this.log.add("transfer token", transfer.token);
      } catch (error) {
        this.fail({ what: String(error), route: "world", curl: [] });
      }
    }
  }
}
