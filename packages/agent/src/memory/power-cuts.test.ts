import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { command } from "../../test/support/commands.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { openFileJournal, resumeFileJournal } from "./file-journal.ts";
import type { Journal } from "./journal.ts";
import type { ResultLog } from "./result-log.ts";

const address = "T00000001-T0001-D1";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tillkeeper-power-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A payment host, which outlives the terminal: it knows what really was closed. */
class Host {
  /** Who closed each batch, in order. */
  readonly closed: string[] = [];

  close(who: string) {
    this.closed.push(who);
    return this.last();
  }

  last() {
    return { batch_id: String(this.closed.length).padStart(6, "0") };
  }
}

/** What the server would send next after all that stands in the log. */
const known = (log: Pick<ResultLog, "lastClose">) => log.lastClose ?? null;

interface Play {
  host: Host;
  open: () => Promise<Journal>;
  clock: FakeClock;
  ids: string[];
  /** Aborted with the power: nobody waits for a terminal without it. */
  power?: AbortSignal;
}

/** The day is closed by hand; a close is refused for that, asked for anew, done; then the next. */
async function play({ host, open, clock, ids, power }: Play) {
  const journal = await open();
  const rig = runnerRig(
    {
      end_of_day: {
        run: async ({ operation_id }) => ({
          status: "COMPLETED",
          result: { outcome: "accepted", ...host.close(operation_id) },
        }),
        lastBatch: async () => (host.closed.length > 0 ? host.last() : undefined),
      },
    },
    journal,
    { clock },
  );
  rig.runner.restore();
  for (const id of ids) {
    rig.runner.take({
      ...command(
        clock.now(),
        { operation: "end_of_day", operation_id: id, previous_close: known(journal.log) },
        180_000,
      ),
      origin: { request: `request-${id}`, signed: "s" },
    });
    await vi.waitFor(() => expect(power?.aborted || journal.log.find(id)).toBeTruthy(), { interval: 1 });
    if (power?.aborted) break;
  }
  return journal;
}

// By hand and refused, begun, answered: each write of the journal, and each of the counter that follows it; the last is none.
const cuts = Array.from({ length: 7 }, (_, index) => index + 1).flatMap((write) => [
  { write, kept: false },
  { write, kept: true },
]);

test.each(cuts)(
  "a power cut at write $write (kept: $kept) loses no close, and no day is closed twice",
  async ({ write, kept }) => {
    const path = join(folder, `${write}-${kept}.json`);
    const file = { path, counterPath: `${path}.writes`, initial: () => undefined, readState: () => undefined };
    const host = new Host();
    const clock = new FakeClock(noon);
    const ids = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
    await resumeFileJournal(file, address);
    host.close("by hand");

    const cut = new AbortController();
    const dark = once(cut.signal, "abort");
    let writes = 0;
    const replace = async (target: string, text: string) => {
      writes += 1;
      if (writes < write || (writes === write && kept)) await writeFile(target, text);
      if (writes < write) return undefined;
      cut.abort();
      return new Promise<never>(() => {});
    };
    const open = () => openFileJournal({ ...file, replace }, address);
    await Promise.race([dark, play({ host, open, clock, ids, power: cut.signal })]);

    // The journal that lies there is no old copy; it goes on with it, and everything is asked for again.
    const journal = await play({
      host,
      open: () => openFileJournal(file, address),
      clock,
      ids: [...ids, "00000000-0000-4000-8000-000000000003"],
    });
    const { entries } = journal.log;
    expect(entries.map(({ number }) => number)).toEqual(entries.map((_, index) => index + 1));
    // Nobody closed twice, and what the host has closed is in the log: by its batch, or as a close with an unknown end.
    expect(new Set(host.closed).size).toBe(host.closed.length);
    const batches = entries.flatMap(({ result }) => (result ? [(result as { batch_id: string }).batch_id] : []));
    expect(new Set(batches).size).toBe(batches.length);
    const unknown = new Set(entries.filter(({ unknown_end: end }) => end).map(({ operation_id: id }) => id));
    for (const [index, who] of host.closed.entries()) {
      const isTold = batches.includes(String(index + 1).padStart(6, "0"));
      expect([who, isTold || unknown.has(who)]).toEqual([who, true]);
    }
    // The first was in step only with the close by hand known; the last always is.
    expect(entries.at(-1)).toMatchObject({ status: "COMPLETED" });
    expect(journal.log.batch).toBe(host.last().batch_id);
  },
);
