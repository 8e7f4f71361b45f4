import type { CommandMessage } from "@tillkeeper/contract/mqtt/messages";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { command } from "../../test/support/commands.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { turn } from "../../test/support/turn.ts";
import { memoryJournal } from "../memory/journal.ts";
import { isClose, type LogEntry } from "../memory/result-log.ts";
import type { LastBatch } from "./operation.ts";

const moves = [
  "accept",
  "again",
  "send",
  "tell",
  "go_back",
  "by_hand",
  "finish",
  "look",
  "crash",
  "turn",
  "send",
  "finish",
] as const;
type Step = { move: (typeof moves)[number]; index: number };
const steps: fc.Arbitrary<Step> = fc.record({ move: fc.constantFrom(...moves), index: fc.nat(7) });

/**
 * A server whose database may be restored, a terminal whose power may be cut, and closes by hand: as in
 * model/memory.pml.
 */
class World {
  readonly #namesBatches: boolean;
  readonly #journal = memoryJournal(undefined);
  readonly #clock = new FakeClock(noon);
  /** The results of the log that the server holds. */
  #held: LogEntry[] = [];
  readonly commands: CommandMessage[] = [];
  /** The closer of each batch. */
  readonly closed: string[] = [];
  /** The last batch at each close in the log. */
  readonly #batchOf = new Map<string, number>();
  readonly closedBlindly: string[] = [];
  #running: { id: string; finish: () => void } | undefined;
  #rig: ReturnType<typeof runnerRig<undefined>>;

  constructor(namesBatches: boolean) {
    this.#namesBatches = namesBatches;
    this.#rig = this.#boot();
  }

  async play({ move, index }: Step): Promise<void> {
    const at = this.commands.at(-1 - (index % 3));
    switch (move) {
      case "accept":
        this.#accept();
        return;
      case "again":
        // The same idempotency key comes again: the restored server no longer knows it.
        if (at) this.#accept(at);
        return;
      case "send":
        if (at) this.#rig.runner.take(at);
        return index < 4 ? turn() : undefined;
      case "tell":
        return this.tell();
      case "go_back":
        this.#held = this.#held.slice(0, index);
        return;
      case "by_hand":
        // A close by hand cannot happen during another close. At a terminal that cannot tell, it would go unseen.
        await turn();
        if (!this.#running && !this.#journal.log.closing && this.#namesBatches) this.closed.push("by hand");
        return;
      case "finish":
        this.#running?.finish();
        return index < 4 ? turn() : undefined;
      case "look":
        return void this.#rig.closes.look();
      case "crash":
        await this.#rig.runner.kill();
        this.#running = undefined;
        this.#rig = this.#boot();
        return turn();
      case "turn":
        return turn();
    }
  }

  tell(): void {
    const next = this.#journal.log.entries[this.#held.length];
    if (next) this.#held.push(next);
    this.#noteBatches();
  }

  /** Without further faults from here on, the terminal can be closed. */
  async settle(): Promise<LogEntry | undefined> {
    for (let round = 0; round < 3 * moves.length; round += 1) {
      this.#running?.finish();
      await turn();
    }
    await this.#rig.closes.look();
    for (const _ of this.#journal.log.entries) this.tell();
    const { operation_id: id } = this.#accept();
    this.#rig.runner.take(this.commands.at(-1) as CommandMessage);
    await turn();
    this.#running?.finish();
    await turn();
    await this.#rig.runner.kill();
    return this.#journal.log.find(id);
  }

  /** The number of real closes by request. */
  closesByRequest(): Map<string | undefined, number> {
    const counts = new Map<string | undefined, number>();
    for (const who of this.closed) {
      const request = this.commands.find(({ operation_id }) => operation_id === who)?.origin.request;
      if (request) counts.set(request, (counts.get(request) ?? 0) + 1);
    }
    return counts;
  }

  #accept({ origin }: Partial<CommandMessage> = {}): CommandMessage {
    const previous_close = this.#held.findLast((entry) => isClose(entry))?.operation_id ?? null;
    const change = { operation: "end_of_day", previous_close, ...(origin && { origin }) } as const;
    const accepted = command(noon, change, 600_000);
    this.commands.push(accepted);
    return accepted;
  }

  #noteBatches(): void {
    for (const entry of this.#journal.log.entries) {
      if (!isClose(entry) || this.#batchOf.has(entry.operation_id)) continue;
      const batch = (entry.result as LastBatch | undefined)?.batch_id;
      this.#batchOf.set(entry.operation_id, batch === undefined ? this.closed.length : Number(batch));
    }
  }

  #boot() {
    const last = () => ({ batch_id: String(this.closed.length) });
    const rig = runnerRig(
      {
        end_of_day: {
          run: ({ operation_id: id }) => {
            this.#noteBatches();
            const { previous_close: previous } = this.commands.find((one) => one.operation_id === id) ?? {};
            const known = previous ? this.#batchOf.get(previous) : 0;
            if (known !== this.closed.length) this.closedBlindly.push(id);
            return new Promise((resolve) => {
              const finish = () => {
                this.#running = undefined;
                this.closed.push(id);
                resolve({ status: "COMPLETED", result: { outcome: "accepted", ...last() } });
              };
              this.#running = { id, finish };
            });
          },
          ...(this.#namesBatches && { lastBatch: async () => (this.closed.length > 0 ? last() : undefined) }),
        },
      },
      this.#journal,
      { clock: this.#clock },
    );
    rig.runner.restore();
    void turn().then(() => this.#noteBatches());
    return rig;
  }
}

test.each([true, false])(
  "whatever comes in whatever order: no day is closed blindly, no request closes twice, the next close succeeds (names batches: %s)",
  async (namesBatches) => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 60, size: "max" }), async (story) => {
        const world = new World(namesBatches);
        for (const one of story) await world.play(one);
        const last = await world.settle();
        expect(world.closedBlindly).toEqual([]);
        expect([...world.closesByRequest().values()].filter((count) => count > 1)).toEqual([]);
        expect(last).toMatchObject({ status: "COMPLETED" });
      }),
      { numRuns: 500 },
    );
  },
);
