import { describe, expect, test, vi } from "vitest";
import { fileJournal, opened, type Run, useAgents } from "./support/agents.ts";
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

describe("another address", () => {
  const next = `${terminalId}-D2`;

  test("is connected as when it is there, with operations under way and the journal that says so", async () => {
    const told: string[] = [];
    broker.aedes.on("publish", ({ topic }) => void told.push(topic));
    const as = { address, reopen: () => {} };
    const whenOutdated = (again: () => void) => {
      as.reopen = again;
      return () => {};
    };
    const finish = Promise.withResolvers<typeof opened>();
    const journal = await fileJournal(scene);
    start(() => finish.promise, {
      journal,
      credential: { url: broker.url, address: () => as.address, password, whenOutdated },
    });
    await server.hello();
    const begun = server.command();
    await vi.waitFor(() => expect(server.starts).toHaveLength(1));
    const asNext = new ScriptedServer(broker, next);
    await journal.move(next);
    as.address = next;
    as.reopen();
    const { operation_id } = begun;
    expect((await asNext.hello()).operations).toEqual([{ operation_id, phase: "started" }]);
    expect(broker.connects.map(({ clientId }) => clientId)).toEqual([address, next]);
    finish.resolve(opened);
    expect(await asNext.result(operation_id)).toMatchObject(opened);
    // Nothing more is heard or said as the one before.
    server.command();
    const { operation_id: other } = asNext.command();
    await asNext.result(other);
    expect(server.results).toEqual([]);
    expect(told.filter((topic) => topic.endsWith("/gone"))).toEqual([]);
    asNext.assertNoFaults();
  });

  test("is not taken over a journal that is of another device", async () => {
    const journal = await fileJournal(scene);
    const credential = { url: broker.url, address: next, password };
    expect(() => start(vi.fn<Run>(), { journal, credential })).toThrow(`The journal is of ${address}, not of ${next}`);
    const agent = start(vi.fn<Run>(), { journal });
    await server.hello();
    expect(() => agent.use(credential)).toThrow("The journal is of");
  });
});
