import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "@tillkeeper/stage/until";
import { describe, expect, test, vi } from "vitest";
import { memoryJournal } from "../src/memory/journal.ts";
import type { CloseHandler } from "../src/operations/operation.ts";
import { fileJournal, opened, quickly, type Run, recordingLog, useAgents } from "./support/agents.ts";
import { password } from "./support/broker.ts";
import { address, type Scene, terminalId, useScene } from "./support/scene.ts";
import { ScriptedServer } from "./support/scripted-server.ts";

let scene: Scene;
let { broker, server } = {} as Scene;
useScene((made) => {
  scene = made;
  ({ broker, server } = made);
});
const start = useAgents(() => scene);
const run = () => vi.fn<Run>().mockResolvedValue(opened);
const closer = () =>
  vi.fn<CloseHandler<null>["run"]>().mockImplementation(async ({ operation_id }) => ({
    status: "COMPLETED",
    result: { outcome: "accepted", batch_id: operation_id.slice(0, 8) },
  }));
const asks = (operation: "open_menu" | "end_of_day" = "open_menu") => server.command({ operation }).operation_id;
const toldSince = (count: number) => server.results.slice(count).map(({ number }) => number);

describe("what the server has lost", () => {
  test("is told again after its word, in order, and the heartbeats say what it is believed to hold", async () => {
    server.heartbeatSeconds = 1;
    start(run());
    await server.hello();
    const ids = [asks(), asks(), asks()];
    for (const id of ids) await server.result(id);
    await until(
      () => server.signsOn("heartbeat").some(({ memory }) => (memory as { number: number }).number === 3),
      "3",
    );
    expect(server.signsOn("heartbeat").at(-1)?.["memory"]).toEqual({ number: 3, id: ids[2] });
    server.goBackTo(1);
    const before = server.results.length;
    server.word();
    await until(() => server.memory.number === 3, "all of it");
    expect(toldSince(before)).toEqual([2, 3]);
    expect(server.results.slice(before)).toEqual(server.results.slice(1, 3));
  });

  test("is told again after a welcome, also to an agent that was started anew; else nothing is", async () => {
    const first = start(run(), { journal: await fileJournal(scene) });
    await server.hello();
    const ids = [asks(), asks(), asks()];
    for (const id of ids) await server.result(id);
    await first.stop();
    const second = start(run(), { journal: await fileJournal(scene) });
    await server.hello(2);
    await server.result(asks());
    expect(toldSince(3)).toEqual([4]);
    await second.stop();
    server.goBackTo(2);
    start(run(), { journal: await fileJournal(scene) });
    await until(() => server.memory.number === 4, "all of it");
    expect(toldSince(4)).toEqual([3, 4]);
  });

  test("is told again when one result comes to a server that lacks those before it", async () => {
    start(run(), { repeat: quickly });
    await server.hello();
    for (const id of [asks(), asks()]) await server.result(id);
    server.goBackTo(0);
    const id = asks();
    await until(() => server.memory.number === 3, "all of it");
    // Told by the result that came too early, or by a heartbeat before it; in either case from the beginning.
    const told = [...new Set(toldSince(2))];
    expect(new Set(told)).toEqual(new Set([1, 2, 3]));
    expect(told.indexOf(1)).toBeLessThan(told.indexOf(2));
    expect(server.memory.id).toBe(id);
  });

  test("an operation that the server sends again gets its result again, and closes nothing twice", async () => {
    const close = closer();
    start(run(), { handlers: { end_of_day: { run: close } } });
    await server.hello();
    const command = server.command({ operation: "end_of_day" });
    await server.result(command.operation_id);
    server.goBackTo(0);
    server.send("command", command);
    await until(() => server.memory.number === 1, "told again");
    expect(close).toHaveBeenCalledOnce();
    // Like a request that the restored server no longer knows.
    server.goBackTo(0);
    const again = server.command({ operation: "end_of_day", origin: command.origin });
    expect(await server.result(again.operation_id)).toMatchObject({ number: 2, repeats: command.operation_id });
    await until(() => server.memory.number === 2, "both");
    expect([close.mock.calls.length, server.lastClose]).toEqual([1, command.operation_id]);
  });
});

describe("a journal that is an old copy", () => {
  const path = () => join(scene.folder, "journal.json");
  /** Puts the journal file back to its content before the last result. */
  async function goBack() {
    const agent = start(run(), { journal: await fileJournal(scene) });
    await server.hello();
    await server.result(asks());
    const copy = await readFile(path(), "utf8");
    await server.result(asks());
    await agent.stop();
    await writeFile(path(), copy);
  }

  test("a device with a password stops: it tells nothing and begins nothing", async () => {
    await goBack();
    const { lines, log } = recordingLog();
    const close = closer();
    const run2 = run();
    server.welcomes = false;
    start(run2, {
      journal: await fileJournal(scene),
      log,
      handlers: { open_menu: { run: run2 }, end_of_day: { run: close } },
    });
    const { sent_at } = await server.hello(2);
    asks("end_of_day");
    server.welcome(sent_at);
    await until(() => broker.openConnections === 0, "the end of the connection");
    expect(lines).toContain("the journal is an old copy: this must be another device");
    expect([toldSince(2), close.mock.calls.length]).toEqual([[], 0]);
    expect(server.hellos).toHaveLength(2);
  });

  test("is known by another id under its last number, too", async () => {
    await goBack();
    server.memory = { number: 1, id: "6c1f5c0e-0d63-4f4e-8f0e-0a3f1f1b2c3d" };
    start(run(), { journal: await fileJournal(scene) });
    await server.hello(2);
    await until(() => broker.openConnections === 0, "the end of the connection");
    expect(toldSince(2)).toEqual([]);
  });

  test("is found by a later word as well, as when somebody uses a copy of this device", async () => {
    start(run());
    await server.hello();
    await server.result(asks());
    server.memory = { number: 2, id: "6c1f5c0e-0d63-4f4e-8f0e-0a3f1f1b2c3d" };
    server.word();
    await vi.waitFor(() => expect(broker.openConnections).toBe(0));
  });

  test("a device that can have another address asks for it once, is silent until then, and tells all as that", async () => {
    await goBack();
    const next = `${terminalId}-D2`;
    const as = { address, reopen: () => {} };
    const memoryLost = vi.fn<() => void>();
    const whenOutdated = (reopen: () => void) => {
      as.reopen = reopen;
      return () => {};
    };
    const journal = await fileJournal(scene);
    const close = closer();
    const agent = start(run(), {
      journal,
      handlers: { end_of_day: { run: close } },
      credential: { url: broker.url, address: () => as.address, password, memoryLost, whenOutdated },
    });
    await server.hello(2);
    await until(() => memoryLost.mock.calls.length > 0, "the request");
    const waiting = asks("end_of_day");
    await until(() => !agent.idle, "the command");
    broker.sever();
    await until(() => broker.openConnections === 0, "the end of the link");
    await until(() => broker.openConnections === 1, "another link");
    const asNext = new ScriptedServer(broker, next);
    await journal.move(next);
    as.address = next;
    as.reopen();
    await until(() => asNext.memory.number > 0, "the log");
    expect(asNext.results[0]).toMatchObject({ number: 1, operation: "open_menu" });
    // The command was for the former address, and after closes that the present journal may not have.
    expect(await asNext.result(waiting)).toMatchObject({ number: 2, reason: "out_of_step" });
    await asNext.result(asNext.command({ operation: "end_of_day" }).operation_id);
    expect([memoryLost.mock.calls.length, toldSince(2), close.mock.calls.length]).toEqual([1, [], 1]);
    expect([server.deliveries, server.hellos.length]).toEqual([[], 2]);
    asNext.assertNoFaults();
  });
});

test("no close begins before the welcome to a hello of this run, however long that takes; others do", async () => {
  server.welcomes = false;
  const close = closer();
  const open = run();
  start(open, { handlers: { open_menu: { run: open }, end_of_day: { run: close } }, patienceMs: 20 });
  const { sent_at } = await server.hello();
  asks();
  await vi.waitFor(() => expect(open).toHaveBeenCalledOnce());
  const id = asks("end_of_day");
  await until(() => server.deliveries.some(({ operation_id }) => operation_id === id), "delivered");
  // A welcome to a hello that this agent has not sent.
  server.welcome(new Date(0).toISOString());
  server.send("probe", { probe_id: id, sent_at });
  await until(() => server.signsOn("probe_answer").length === 1, "what came after it");
  expect(close).not.toHaveBeenCalled();
  server.welcome(sent_at);
  expect(await server.result(id)).toMatchObject({ number: 2, status: "COMPLETED" });
});

test("an answer that the journal cannot take is told without a number, and with one when there is room", async () => {
  server.heartbeatSeconds = 1;
  const memory = memoryJournal(null);
  let full = false;
  start(
    vi.fn<Run>(async () => {
      full = true;
      return opened;
    }),
    {
      journal: {
        ...memory,
        state: null,
        write: (decide) => (full ? Promise.reject(new Error("disk full")) : memory.write(decide)),
      },
    },
  );
  await server.hello();
  const id = asks();
  expect(await server.result(id)).toMatchObject({ status: "FAILED", reason: "storage_failed" });
  await until(() => server.signsOn("heartbeat").some(({ fault }) => fault !== undefined), "the fault");
  full = false;
  await until(() => server.memory.number === 1, "the number");
  const [first, ...later] = server.resultsOf(id);
  expect(first).not.toHaveProperty("number");
  expect(later.at(-1)).toEqual({ ...first, number: 1 });
  await until(() => !("fault" in (server.signsOn("heartbeat").at(-1) ?? {})), "the end of the fault");
});

test("a terminal is asked for its last batch before each hello, and a close by hand is told with the welcome", async () => {
  const named = { batch_id: "1" };
  start(run(), { handlers: { end_of_day: { run: closer(), lastBatch: async () => ({ ...named }) } } });
  await until(() => server.memory.number === 1, "the close by hand");
  expect(server.results).toMatchObject([
    { number: 1, by_hand: true, result: { outcome: "unconfirmed", batch_id: "1" } },
  ]);
  expect(server.channels).toEqual(["hello", "result"]);
  named.batch_id = "2";
  broker.sever();
  await until(() => server.memory.number === 2, "the next");
  expect(server.channels).toEqual(["hello", "result", "hello", "result"]);
});
