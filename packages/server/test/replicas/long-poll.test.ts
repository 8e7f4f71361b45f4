// @module-tag replicas: a mailbox at each server.

import { Agent } from "@tillkeeper/agent/agent";
import { openLongPollConnection } from "@tillkeeper/agent/links/long-poll-connection";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import { send } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { register } from "../support/presence.ts";

const base = "/v1/admin/terminals/operations";
/**
 * So many that commands sent by the outboxes alone would fail the test. Any server's outbox may take a command, and
 * rarely would the server with the mailbox take each of them in time.
 */
const rounds = 10;

describe("a terminal that waits at one server over HTTPS", async () => {
  const { server, tenant } = await world();
  let terminalId: string;
  let agent: Agent;
  const opened: string[] = [];
  beforeAll(async () => {
    const registered = await register(server, tenant, "340000000001");
    terminalId = registered.terminalId;
    agent = new Agent({
      credential: { url: server.urls[0] as string, address: registered.address, password: registered.password },
      agentName: "long-poll/1",
      handlers: {
        open_menu: {
          run: async ({ operation_id }) => {
            opened.push(operation_id);
            return { status: "COMPLETED", result: { opened: true } };
          },
        },
        send_logs: {
          cancellable: true,
          run: (_, { cancelled }) =>
            new Promise((resolve) => {
              cancelled.addEventListener("abort", () => resolve({ status: "FAILED", reason: "cancelled" }));
            }),
        },
      },
      journal: memoryJournal(undefined),
      open: openLongPollConnection,
    });
    agent.start();
    const status = async () =>
      (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals/${terminalId}`, tenant)).body.status;
    await vi.waitUntil(async () => (await status()) === "ACTION_REQUIRED");
  });
  afterAll(async () => {
    await agent?.stop();
  });

  const elsewhere = () => server.urls.slice(1);
  const post = (url: string, path: string, body?: object) =>
    send<{ id: string; reachable: boolean }>(url, "POST", path, { token: tenant.token, ...(body && { body }) });
  const order = async (url: string, operation: string) => {
    const { status, body } = await post(url, base, { terminal_id: terminalId, operation, timeout: 30 });
    expect(status).toBe(201);
    return body.id;
  };
  const get = async (id: string) => (await server.call("GET", `${base}/${id}`, tenant)).body;

  it("hears what others have for it, and begins it once", async () => {
    const ordered: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const id = await order(elsewhere()[round % 2] as string, "open_menu");
      ordered.push(id);
      await expect.poll(async () => (await get(id)).status).not.toBe("PENDING");
      expect(await get(id)).toMatchObject({ status: "COMPLETED" });
    }
    expect(opened).toEqual(ordered);
  });

  it("hears that another cancels what it has begun", async () => {
    const [one, other] = elsewhere() as [string, string];
    const id = await order(one, "send_logs");
    await expect.poll(async () => (await get(id)).phase).toBe("started");
    await post(other, `${base}/${id}/cancel`);
    await expect.poll(async () => (await get(id)).status).not.toBe("PENDING");
    expect(await get(id)).toMatchObject({ status: "FAILED", reason: "cancelled" });
  });

  it("answers another that asks whether it is there", async () => {
    for (const url of elsewhere()) {
      const answer = await post(url, `/v1/accounts/${tenant.aid}/terminals/${terminalId}/probe`);
      expect(answer.body).toMatchObject({ reachable: true });
    }
  });
});
