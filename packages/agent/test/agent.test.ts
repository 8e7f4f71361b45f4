import { downChannels } from "@tillkeeper/contract/mqtt/topics";
import { until } from "@tillkeeper/stage/until";
import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../src/clock.ts";
import { memoryJournal } from "../src/memory/journal.ts";
import { fileJournal, opened, quickly, type Run, recordingLog, useAgents } from "./support/agents.ts";
import { password } from "./support/broker.ts";
import { address, type Scene, useScene } from "./support/scene.ts";

let scene: Scene;
let { broker, server } = {} as Scene;
useScene((made) => {
  scene = made;
  ({ broker, server } = made);
});
const start = useAgents(() => scene);

describe("an operation", () => {
  test("goes hello, welcome, command, started, result, receipt", async () => {
    const run = vi.fn<Run>(async () => {
      await until(() => server.starts.length > 0, "started");
      return opened;
    });
    const journal = memoryJournal(null);
    const agent = start(run, { journal });
    const hello = await server.hello();
    // The hello names only operations with a handler.
    const abilities = [{ operation: "open_menu" }];
    expect(hello).toMatchObject({ protocol: 1, agent: "test/1", operations: [], abilities });
    expect(broker.connects).toEqual([{ clientId: address, clean: true, version: 4 }]);
    const command = server.command({ parameters: { operator_id: "Kari" } });
    const result = await server.result(command.operation_id);
    expect(result).toMatchObject({ operation: "open_menu", ...opened, started_at: server.starts[0]?.started_at });
    await vi.waitFor(() => expect(journal.held).toBe(1));
    expect(server.channels).toEqual(["hello", "started", "result"]);
    expect(run.mock.calls[0]?.[0]).toMatchObject({ operation: "open_menu", parameters: { operator_id: "Kari" } });
    await agent.stop();
    await vi.waitFor(() => expect(broker.lastBytes).toHaveLength(1));
    expect(broker.lastBytes[0]?.subarray(-2)).toEqual(Buffer.from([0xe0, 0])); // DISCONNECT
  });

  test("that is answered at once costs one message, with a journal in a file too", async () => {
    start(vi.fn<Run>().mockResolvedValue(opened), { journal: await fileJournal(scene) });
    await server.hello();
    const [first, second] = [server.command(), server.command({ operation: "send_logs" })];
    expect(await server.result(first.operation_id)).toMatchObject({ ...opened, started_at: expect.any(String) });
    expect(await server.result(second.operation_id)).not.toHaveProperty("started_at");
    expect(server.startsOf(first.operation_id)).toEqual([]);
  });

  test("its result is repeated until the receipt, whatever that says, and not after", async () => {
    server.receipts = false;
    start(vi.fn<Run>().mockResolvedValue(opened), { repeat: quickly });
    await server.hello();
    const unknown = server.command();
    await server.result(unknown.operation_id, 3);
    expect(new Set(server.resultsOf(unknown.operation_id).map((result) => JSON.stringify(result))).size).toBe(1);
    server.receipt(unknown.operation_id, "UNKNOWN");
    // Messages arrive in order: once this command is answered, the receipt was read.
    const other = server.command();
    await server.result(other.operation_id);
    const count = server.resultsOf(unknown.operation_id).length;
    await server.result(other.operation_id, 8);
    expect(server.resultsOf(unknown.operation_id)).toHaveLength(count);
  });

  test("is not begun twice for two copies of its command; the second is answered as well", async () => {
    const run = vi.fn<Run>().mockResolvedValue(opened);
    start(run);
    await server.hello();
    const command = server.command();
    server.send("command", command);
    await server.result(command.operation_id);
    server.send("command", { ...command, sent_at: new Date().toISOString() });
    await server.result(command.operation_id, 2);
    expect(run).toHaveBeenCalledOnce();
  });

  test("whose result the server rejects is told until the server says that it counts, and what comes after it is told", async () => {
    server.receipts = false;
    start(vi.fn<Run>().mockResolvedValue(opened), { repeat: quickly });
    await server.hello();
    const { operation_id: id } = server.command();
    await server.result(id);
    server.send("rejection", { channel: "result", operation_id: id, errors: [] });
    await server.result(id, 3);
    expect(new Set(server.resultsOf(id).map((result) => JSON.stringify(result))).size).toBe(1);
    server.memory = { number: 1, id };
    server.word();
    server.receipts = true;
    const { operation_id: other } = server.command();
    expect(await server.result(other)).toMatchObject({ number: 2, ...opened });
    const count = server.resultsOf(id).length;
    await server.result(server.command().operation_id);
    expect(server.resultsOf(id)).toHaveLength(count);
  });

  test("that this version does not know is answered as unsupported", async () => {
    start(vi.fn<Run>());
    await server.hello();
    const command = server.command({ operation: "send_logs" });
    expect(await server.result(command.operation_id)).toMatchObject({ status: "FAILED", reason: "unsupported" });
  });
});

describe("a crash", () => {
  test("between begun and answered: the hello says so, it is not begun again, and it fails as interrupted", async () => {
    const run = vi.fn<Run>().mockReturnValueOnce(new Promise(() => {}));
    const first = start(run, { journal: await fileJournal(scene) });
    await server.hello();
    const command = server.command();
    await vi.waitFor(() => expect(server.starts).toHaveLength(1));
    await first.kill();
    await vi.waitFor(() => expect(broker.lastBytes).toHaveLength(1));
    expect(broker.lastBytes[0]?.subarray(-2)).not.toEqual(Buffer.from([0xe0, 0]));
    server.receipts = false;
    start(run, { journal: await fileJournal(scene) });
    const hello = await server.hello(2);
    // The recovery may end before the connection is up.
    expect(hello.operations).toMatchObject([{ operation_id: command.operation_id }]);
    expect(await server.result(command.operation_id)).toMatchObject({
      status: "FAILED",
      reason: "device_error",
      error: { code: "interrupted" },
    });
    server.send("command", command);
    await server.result(command.operation_id, 2);
    expect(run).toHaveBeenCalledOnce();
  });

  test("before the receipt: the same result goes out at once after the next start", async () => {
    server.receipts = false;
    const run = vi.fn<Run>().mockResolvedValue(opened);
    const first = start(run, { journal: await fileJournal(scene) });
    await server.hello();
    const command = server.command();
    const before = await server.result(command.operation_id);
    await first.kill();
    start(run, { journal: await fileJournal(scene) });
    expect((await server.hello(2)).operations).toEqual([]);
    await server.result(command.operation_id, 2);
    expect(server.resultsOf(command.operation_id)[1]).toEqual(before);
    expect(run).toHaveBeenCalledOnce();
  });
});

describe("a lost link", () => {
  test("while an operation runs: hello again with the operation, then its result", async () => {
    const finish = Promise.withResolvers<typeof opened>();
    start(() => finish.promise);
    await server.hello();
    const command = server.command();
    await vi.waitFor(() => expect(server.starts).toHaveLength(1));
    broker.sever();
    const hello = await server.hello(2);
    expect(hello.operations).toEqual([{ operation_id: command.operation_id, phase: "started" }]);
    finish.resolve(opened);
    expect(await server.result(command.operation_id)).toMatchObject(opened);
  });

  test("before the result: it goes out right after the hello of the next connection", async () => {
    const finish = Promise.withResolvers<typeof opened>();
    const journal = memoryJournal(null);
    start(() => finish.promise, { journal });
    await server.hello();
    const command = server.command();
    await vi.waitFor(() => expect(server.starts).toHaveLength(1));
    await broker.vanish();
    finish.resolve(opened);
    await vi.waitFor(() => expect(journal.log.find(command.operation_id)).toBeDefined());
    await broker.listen();
    await server.result(command.operation_id);
    expect(server.channels.slice(-2)).toEqual(["hello", "result"]);
    expect(server.hellos[1]?.operations).toEqual([]);
  });

  test("a refused credential is tried again, and another one is taken at once", async () => {
    const { lines, log } = recordingLog();
    const agent = start(vi.fn<Run>(), {
      log,
      credential: { url: broker.url, address, password: "wrong" },
    });
    await vi.waitFor(() => expect(broker.connects.length).toBeGreaterThan(1));
    expect(lines).toEqual(["cannot connect; will try again"]);
    expect(server.hellos).toEqual([]);
    agent.use({ url: broker.url, address, password });
    await server.hello();
  });

  test("a password that changes is asked for at each attempt, and its owner is told of a refusal", async () => {
    let current = "outdated";
    const refused = vi.fn<() => void>(() => {
      current = password;
    });
    start(vi.fn<Run>(), { credential: { url: broker.url, address, password: () => current, refused } });
    await server.hello();
    expect(refused).toHaveBeenCalledTimes(1);
    const attempts = broker.connects.length;
    // A connected agent stays connected when its password changes; the new password counts from the next attempt on.
    current = "outdated again";
    broker.sever();
    await server.hello(2);
    expect(broker.connects.length).toBe(attempts + 2);
    expect(refused).toHaveBeenCalledTimes(2);
  });

  test("a connection whose password is about to run out is opened anew, at once and without a loss", async () => {
    const told: string[] = [];
    broker.aedes.on("publish", ({ topic }) => void told.push(topic));
    let reopen = () => {};
    const whenOutdated = (again: () => void) => {
      reopen = again;
      return () => void (reopen = () => {});
    };
    const agent = start(vi.fn<Run>(), {
      credential: { url: broker.url, address, password, whenOutdated },
    });
    const first = await server.hello();
    reopen();
    const second = await server.hello(2);
    expect(second.session).not.toBe(first.session);
    await vi.waitFor(() => expect(broker.lastBytes).toHaveLength(1));
    expect(broker.lastBytes[0]?.subarray(-2)).toEqual(Buffer.from([0xe0, 0])); // DISCONNECT
    expect(told.filter((topic) => /gone|goodbye/.test(topic))).toEqual([]);
    await agent.stop();
    reopen();
    expect(broker.connects).toHaveLength(2);
  });
});

/** A clock that is wrong by this many minutes. */
const clockOffBy = (minutes: number) => ({ ...systemClock, now: () => Date.now() + minutes * 60_000 });

describe("the clock", () => {
  test.each([-10, 0, 10])(
    "of a device that is %i minutes off neither begins late nor refuses in time",
    async (minutes) => {
      const run = vi.fn<Run>().mockResolvedValue(opened);
      start(run, { clock: clockOffBy(minutes) });
      await server.hello();
      // `sent_at` of the late command is before its expiry: a copy that was long under way. Only the welcome shows the
      // time.
      const past = new Date(Date.now() - 5000).toISOString();
      const late = server.command({ created_at: past, sent_at: past }, -1000);
      const timely = server.command();
      expect(await server.result(late.operation_id)).toMatchObject({ status: "FAILED", reason: "expired" });
      expect(await server.result(timely.operation_id)).toMatchObject(opened);
      expect(run).toHaveBeenCalledOnce();
      expect(server.startsOf(late.operation_id)).toEqual([]);
    },
  );

  test("a command that comes before the welcome waits for it", async () => {
    server.welcomes = false;
    const run = vi.fn<Run>().mockResolvedValue(opened);
    start(run, { clock: clockOffBy(10), repeat: quickly });
    await server.hello();
    const command = server.command();
    await server.hello(4);
    expect(run).not.toHaveBeenCalled();
    server.welcomes = true;
    expect(await server.result(command.operation_id)).toMatchObject(opened);
  });

  test("without any welcome the later of local clock and sent_at has to do", async () => {
    server.welcomes = false;
    const run = vi.fn<Run>().mockResolvedValue(opened);
    start(run, { clock: clockOffBy(-10), patienceMs: 20 });
    await server.hello();
    const late = server.command({}, 0);
    const timely = server.command();
    await vi.waitFor(() => expect(run).toHaveBeenCalledOnce());
    // The result is sent when the welcome says how much of the log the server holds.
    expect(server.results).toEqual([]);
    server.welcomes = true;
    server.welcome((await server.hello()).sent_at);
    expect(await server.result(late.operation_id)).toMatchObject({ reason: "expired" });
    expect(await server.result(timely.operation_id)).toMatchObject(opened);
  });
});

test("messages that make no sense are logged and do no harm", async () => {
  const { lines, log } = recordingLog();
  start(vi.fn<Run>().mockResolvedValue(opened), { log });
  await server.hello();
  for (const payload of ["", "{", "null", "[]", '{"operation_id":1}', "x".repeat(70_000)]) {
    for (const channel of downChannels) server.sendRaw(channel, payload);
  }
  server.send("rejection", { channel: "result", errors: [{ path: "/status", message: "must be one of" }] });
  const command = server.command();
  expect(await server.result(command.operation_id)).toMatchObject(opened);
  expect(lines.filter((line) => line === "ignored a malformed message")).toHaveLength(6 * downChannels.length);
  expect(lines).toContain("the server did not understand a message");
});

test("a channel that only a later version of the server knows is ignored", async () => {
  const { lines, log } = recordingLog();
  start(vi.fn<Run>().mockResolvedValue(opened), { log });
  await server.hello();
  await broker.push(`tillkeeper/v1/${address}/invoice`, "{}");
  const message = server.command();
  expect(await server.result(message.operation_id)).toMatchObject(opened);
  expect(lines).not.toContain("ignored a malformed message");
});
