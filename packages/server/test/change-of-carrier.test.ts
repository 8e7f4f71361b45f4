import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Agent } from "@tillkeeper/agent/agent";
import { type Clock, systemClock } from "@tillkeeper/agent/clock";
import type { OpenConnection } from "@tillkeeper/agent/links/connection";
import { withFallback } from "@tillkeeper/agent/links/fallback-connection";
import { openLongPollConnection } from "@tillkeeper/agent/links/long-poll-connection";
import { openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { register } from "./support/presence.ts";

const base = "/v1/admin/terminals/operations";

/** A proxy to the broker that refuses connections while it is shut. */
class Gate {
  open = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    server.on("connection", (near) => {
      near.on("error", () => {});
      if (this.open) this.#carry(near, target);
      else near.destroy();
    });
  }

  #carry(near: Socket, target: number): void {
    const far = connect(target, "127.0.0.1").on("error", () => {});
    this.#sockets.add(near).add(far);
    near.pipe(far).pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  }

  static async to(target: number): Promise<Gate> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Gate(server, target);
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  shut(): void {
    this.open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.shut();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}

/** A clock that tries MQTT again sooner than a device does. */
const impatient: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (ms, call) => systemClock.after(ms === 15_000 ? 300 : ms, call),
};

const aDay = {
  outcome: "accepted",
  batch_id: "1",
  start_of_day_at: "2026-06-29T09:00:00Z",
  last_end_of_day_at: "2026-06-29T09:00:00Z",
  purchases_count: 0,
  purchases_amount: 0,
  reversals_count: 0,
  reversals_amount: 0,
  sale_amount: 0,
  tip_amount: 0,
  currency: "NOK",
} as const;
const versions = {
  current_version: "1",
  latest_version: "1",
  update_available: false,
  configuration_version: "1",
} as const;

describe("a terminal that changes from HTTPS to MQTT", async () => {
  const { server, tenant } = await world();
  let gate: Gate;
  beforeAll(async () => {
    gate = await Gate.to(Number(new URL(server.mqttUrl).port));
  });
  afterAll(async () => {
    await gate.stop();
  });

  /** Repeats until the operation is accepted: the link is up before the server has handled the first hello. */
  const send = (terminal_id: string, operation: string) =>
    vi.waitFor(async () => {
      const { status, body } = await server.call("POST", base, { ...tenant, body: { terminal_id, operation } });
      expect(status).toBe(201);
      return body.id as string;
    });
  const until = async (id: string, status: string) => {
    const get = async () => (await server.call("GET", `${base}/${id}`, tenant)).body;
    await vi.waitUntil(async () => (await get()).status === status);
  };

  /** An agent of the library; `journal` records which message used which connection. */
  async function start() {
    const { terminalId, address, password } = await register(server, tenant, "CARRIERS");
    const journal: string[] = [];
    const closings: (() => void)[] = [];
    const written =
      (name: string, open: OpenConnection): OpenConnection =>
      (settings) => {
        const up = (session: string) => {
          journal.push(`${name} up`);
          settings.events.up(session);
        };
        const connection = open({ ...settings, events: { ...settings.events, up } });
        const end = connection.destroy.bind(connection);
        connection.destroy = () => {
          journal.push(`${name} ended`);
          return end();
        };
        return connection;
      };
    const both = withFallback(
      written("mqtt", openMqttConnection),
      written("https", openLongPollConnection),
      (credential) => ({ ...credential, url: server.url }),
    );
    const agent = new Agent({
      agentName: "carriers/1",
      clock: impatient,
      journal: memoryJournal(undefined),
      credential: { url: gate.url, address, password },
      handlers: {
        check_update: { run: async () => ({ status: "COMPLETED", result: versions }) },
        end_of_day: {
          run: ({ operation_id }) => {
            journal.push(`begins ${operation_id}`);
            return new Promise((resolve) => {
              closings.push(() => resolve({ status: "COMPLETED", result: aDay }));
            });
          },
        },
      },
      open: (settings) => {
        const message: typeof settings.events.message = (channel, payload) => {
          if (channel === "command") journal.push(`hears ${JSON.parse(Buffer.from(payload).toString()).operation_id}`);
          settings.events.message(channel, payload);
        };
        return both({ ...settings, events: { ...settings.events, message } });
      },
    });
    onTestFinished(() => agent.stop());
    agent.start();
    const wrote = (what: string, times: number) =>
      vi.waitUntil(() => journal.filter((line) => line === what).length === times, { interval: 5 });
    return { terminalId, journal, wrote, close: () => closings.shift()?.() };
  }

  it("was there all the while, and does once what it is asked in the middle of it", async () => {
    const { terminalId, journal, wrote, close } = await start();
    await wrote("https up", 1);
    await until(await send(terminalId, "check_update"), "COMPLETED");
    const closedDays: string[] = [];
    for (const round of [1, 2]) {
      await wrote("https up", round);
      const id = await send(terminalId, "end_of_day");
      await wrote(`begins ${id}`, 1);
      gate.open = true;
      await wrote("https ended", round);
      close();
      await until(id, "COMPLETED");
      closedDays.push(id);
      if (round === 1) gate.shut();
    }
    // A command may arrive twice at its address; it is begun once.
    for (const id of closedDays) expect(journal.filter((line) => line === `begins ${id}`)).toHaveLength(1);

    const path = `/v1/accounts/${tenant.aid}/terminals/${terminalId}/presence/changes`;
    const { changes } = (await server.call("GET", path, tenant)).body;
    const history = changes.map(({ status, reason }: { status: string; reason: string }) => `${status} ${reason}`);
    // It lost its link once: when the gate was shut.
    expect(history.toReversed()).toEqual(["online connected", "late link_lost", "online connected"]);
  });
});
