import * as fc from "fast-check";
import { expect, test } from "vitest";
import { command } from "../../test/support/commands.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { turn } from "../../test/support/turn.ts";
import { type Journal, memoryJournal } from "../memory/journal.ts";
import type { OperationHandler, OperationHandlers } from "./operation.ts";
import type { ReportedResult } from "./outcome.ts";

type Outcome = Awaited<ReturnType<OperationHandler<"open_menu">["run"]>>;

const moves = ["command", "cancel", "finish", "journal", "payment", "turn", "crash", "stop"] as const;
type Step = { move: (typeof moves)[number]; index: number };
const steps: fc.Arbitrary<Step> = fc.record({ move: fc.constantFrom(...moves), index: fc.nat(2) });

/** One terminal and three operations, with every power that a test has over the order of things. */
class Scene {
  readonly commands;
  /** By operation id, over all restarts. */
  readonly begun: string[] = [];
  /** In the journal as begun after a clean stop, and never begun. */
  readonly falselyBegun: string[] = [];
  readonly results: ReportedResult[] = [];
  readonly #disk = memoryJournal(undefined);
  readonly #clock = new FakeClock(noon);
  readonly #cancellable: boolean;
  #finish = new Map<string, (outcome: Outcome) => void>();
  #writes: (() => void)[] = [];
  #paying = false;
  readonly #crashed = new Set<string>();
  #rig = this.#boot();

  constructor(cancellable: boolean, wait: boolean) {
    this.#cancellable = cancellable;
    this.commands = [0, 1, 2].map(() => command(noon, wait ? { when_busy: "wait" } : {}, 600_000));
  }

  async play({ move, index }: Step): Promise<void> {
    const message = this.commands[index] ?? command(noon);
    const { runner } = this.#rig;
    const { operation_id } = message;
    switch (move) {
      case "command":
        return runner.take(message);
      case "cancel":
        return runner.cancel(message);
      case "finish":
        return this.#finish.get(operation_id)?.({ status: "COMPLETED", result: { opened: true } });
      case "journal":
        return this.#writes.shift()?.();
      case "payment":
        this.#paying = !this.#paying;
        return;
      case "turn":
        return turn();
      case "crash":
        return this.#restart("kill");
      case "stop":
        return this.#restart("stop");
    }
  }

  /** Whatever is held back comes, until nothing happens any more; then the server says everything once more. */
  async settle(): Promise<void> {
    this.#paying = false;
    for (const one of this.commands) this.#rig.runner.take(one);
    for (let round = 0; round < 10; round += 1) {
      for (const index of this.commands.keys()) await this.play({ move: "finish", index });
      await this.#letEverythingThrough();
      this.#clock.advance(100);
    }
    for (const one of this.commands) this.#rig.runner.take(one);
    await this.#rig.runner.kill();
  }

  async #restart(end: "kill" | "stop"): Promise<void> {
    const ended = this.#rig.runner[end]();
    if (end === "stop") await this.#letEverythingThrough();
    // What the disk has not got is lost.
    this.#writes = [];
    await ended;
    for (const { operation_id: id } of this.#disk.log.begun) {
      // A crash may come between the writing and the beginning; a stop may not.
      if (end === "kill") this.#crashed.add(id);
      else if (!this.begun.includes(id) && !this.#crashed.has(id)) this.falselyBegun.push(id);
    }
    this.#finish = new Map();
    this.#rig = this.#boot();
  }

  async #letEverythingThrough(): Promise<void> {
    for (let round = 0; round < 6; round += 1) {
      for (const write of this.#writes.splice(0)) write();
      await turn();
    }
  }

  #boot() {
    const handlers: OperationHandlers = {
      open_menu: {
        run: ({ operation_id: id }, { signal, cancelled }) => {
          this.begun.push(id);
          return new Promise((resolve, reject) => {
            this.#finish.set(id, resolve);
            for (const end of [signal, cancelled]) end.addEventListener("abort", () => reject(end.reason));
          });
        },
        cancellable: () => this.#cancellable,
      },
    };
    const payments = { underWay: () => this.#paying, over: () => Promise.resolve() };
    const rig = runnerRig(handlers, this.#slowJournal(), { clock: this.#clock, payments, results: this.results });
    rig.runner.restore();
    return rig;
  }

  #slowJournal(): Journal {
    const disk = this.#disk;
    const write: Journal["write"] = async (decide) => {
      await new Promise<void>((resolve) => this.#writes.push(resolve));
      return disk.write(decide);
    };
    return { ...disk, state: undefined, write };
  }
}

test("whatever comes in whatever order: begun at most once, never after it was told as cancelled, one answer only", async () => {
  const scenes = fc.tuple(fc.array(steps, { maxLength: 40, size: "max" }), fc.boolean(), fc.boolean());
  await fc.assert(
    fc.asyncProperty(scenes, async ([story, cancellable, wait]) => {
      const scene = new Scene(cancellable, wait);
      for (const one of story) await scene.play(one);
      await scene.settle();
      expect(scene.falselyBegun).toEqual([]);
      expect(new Set(scene.begun).size).toBe(scene.begun.length);
      for (const { operation_id: id } of scene.commands) {
        const [first, ...copies] = scene.results.filter(({ operation_id }) => operation_id === id);
        expect(first).toBeDefined();
        for (const copy of copies) expect(copy).toEqual(first);
        if (scene.begun.includes(id)) expect(first).toHaveProperty("started_at");
      }
    }),
    { numRuns: 300 },
  );
});
