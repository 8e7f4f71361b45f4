import { backoff } from "../../platform/backoff.ts";
import { pause } from "../../platform/pause.ts";
import { killSurvivors, replaceOrphan } from "./orphan.ts";
import { Postmaster, type PostmasterOptions } from "./postmaster.ts";

/** How long a start waits for processes of a killed predecessor to release the cluster. */
const PREDECESSOR_MS = 15_000;
/** Between one attempt to start PostgreSQL again and the next. */
const RETRY_MS = { first: 100, longest: 5_000 };
/** A run at least this long makes the next pause short again. */
const STEADY_MS = 30_000;

/** Keeps one PostgreSQL running on a cluster, always on one socket, until it is stopped. */
export class Supervisor {
  #options: PostmasterOptions;
  #postmaster: Postmaster | undefined;
  #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(options: PostmasterOptions) {
    this.#options = options;
  }

  /** Resolves when PostgreSQL answers; rejects with `StartupError` when it does not start. */
  async start(): Promise<void> {
    // A process that exits without `stop` still requests a shutdown of its database.
    process.on("exit", this.#interrupt);
    try {
      const postmaster = await this.#launch();
      this.#watching = this.#watch(postmaster);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Fast shutdown; also ends a restart in progress. Resolves when no process of this cluster is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#postmaster?.stop();
    await this.#watching;
    process.off("exit", this.#interrupt);
  }

  #interrupt = (): void => {
    this.#postmaster?.interrupt();
  };

  async #watch(first: Postmaster): Promise<void> {
    let postmaster: Postmaster | undefined = first;
    let attempt = 0;
    let since = Date.now();
    while (!this.#stopping.signal.aborted) {
      if (postmaster !== undefined) {
        const end = await postmaster.ended;
        if (this.#stopping.signal.aborted) return;
        this.#options.log.error(`PostgreSQL ended unexpectedly (${end}): starting it again`);
        if (Date.now() - since > STEADY_MS) attempt = 0;
      }
      await pause(backoff(attempt, RETRY_MS), this.#stopping.signal);
      attempt += 1;
      since = Date.now();
      postmaster = await this.#relaunch();
    }
  }

  async #relaunch(): Promise<Postmaster | undefined> {
    try {
      const postmaster = await this.#launch();
      this.#options.log.info("PostgreSQL is running again");
      return postmaster;
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        this.#options.log.error({ err: error }, "PostgreSQL could not be started again");
      return undefined;
    }
  }

  async #launch(): Promise<Postmaster> {
    const deadline = Date.now() + PREDECESSOR_MS;
    for (;;) {
      await replaceOrphan(this.#options.cluster, this.#options.log);
      this.#stopping.signal.throwIfAborted();
      const postmaster = new Postmaster(this.#options);
      this.#postmaster = postmaster;
      try {
        await postmaster.ready();
        return postmaster;
      } catch (error) {
        await postmaster.stop();
        const { temporaryCause } = postmaster;
        if (temporaryCause === undefined || Date.now() > deadline) throw error;
        if (temporaryCause === "survivors") await killSurvivors(this.#options.cluster);
        await pause(RETRY_MS.first, this.#stopping.signal);
        this.#stopping.signal.throwIfAborted();
      }
    }
  }
}
