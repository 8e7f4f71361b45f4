import { topic } from "@tillkeeper/contract/mqtt/topics";
import { connectOf, RawLink } from "@tillkeeper/stage/devices/raw-link";
import { world } from "@tillkeeper/stage/world";
import type { IPublishPacket } from "mqtt-packet";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Registered, register, watcher } from "./support/presence.ts";

const base = "/v1/admin/terminals/operations";
const patience = { interval: 5 };

function said(address: string, channel: "hello" | "result", messageId: number, message: object): IPublishPacket {
  const payload = JSON.stringify(message);
  return { cmd: "publish", topic: topic(address, channel), payload, qos: 1, dup: false, retain: false, messageId };
}

/** Sends all messages of a terminal that reconnects, in one write. */
async function comeBack(url: string, { address, password }: Registered, session: string): Promise<RawLink> {
  const link = await RawLink.open(url);
  const will = { topic: topic(address, "gone"), payload: Buffer.from(JSON.stringify({ session })), qos: 1 } as const;
  const hello = { protocol: 1, agent: "storm", session, sent_at: new Date().toISOString(), operations: [] };
  link.say(
    connectOf(address, { password: Buffer.from(password), will: { ...will, retain: false }, keepalive: 12 }),
    { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: `tillkeeper/v1/${address}/+`, qos: 1 }] },
    said(address, "hello", 2, hello),
  );
  return link;
}

function messages(link: RawLink, channel: string): { operation_id?: string }[] {
  return link.received
    .filter((packet) => packet.cmd === "publish")
    .filter((packet) => packet.topic.endsWith(`/${channel}`))
    .map((packet) => JSON.parse(packet.payload.toString()) as { operation_id?: string });
}

const told = (link: RawLink, channel: string) =>
  vi.waitUntil(() => messages(link, channel).length > 0, { interval: 5 });

describe("terminals that all lose their link and come back at once", async () => {
  const serials = Array.from({ length: 40 }, (_, number) => `64000${String(number).padStart(2, "0")}`);
  const { server, tenant } = await world({ own: {} });
  let terminals: Registered[];
  let links: RawLink[];
  beforeAll(async () => {
    terminals = await Promise.all(serials.map((serial) => register(server, tenant, serial)));
  });
  afterAll(async () => {
    for (const link of links) link.end();
  });

  async function storm(round: number): Promise<void> {
    links = await Promise.all(terminals.map((terminal) => comeBack(server.mqttUrl, terminal, `round-${round}`)));
    await Promise.all(links.map((link) => told(link, "welcome")));
  }

  async function breakAll(): Promise<void> {
    for (const link of links) link.end();
    await Promise.all(links.map((link) => link.closed()));
  }

  it("are all welcomed, get what waits for them, and are known in the order of what happened; a replaced credential is not", async () => {
    await storm(1);
    await breakAll();
    await storm(2);
    await breakAll();
    const waiting = terminals.slice(0, 10);
    const sent = await Promise.all(
      waiting.map(async ({ terminalId }) => {
        const body = { terminal_id: terminalId, operation: "open_menu", timeout: 60 };
        const answer = await server.call("POST", base, { ...tenant, body });
        expect(answer.status).toBe(201);
        return answer.body.id as string;
      }),
    );
    const [last] = terminals.slice(-1) as [Registered];
    const path = `/v1/accounts/${tenant.aid}/terminals/${last.terminalId}/credentials`;
    const credential = (await server.call("POST", path, tenant)).body;
    const outdated = await comeBack(server.mqttUrl, last, "outdated");
    expect(await outdated.next("connack")).toMatchObject({ returnCode: 4 });
    terminals = [...terminals.slice(0, -1), { ...last, ...credential }];
    await storm(3);

    const finished_at = new Date().toISOString();
    await Promise.all(
      waiting.map(async ({ address }, number) => {
        const link = links[number] as RawLink;
        await told(link, "command");
        const what = { operation: "open_menu", status: "COMPLETED", finished_at, result: { opened: true } };
        link.say(said(address, "result", 3, { operation_id: sent[number], ...what }));
        await told(link, "receipt");
      }),
    );
    // A command may arrive twice: once because the terminal subscribes, and once because its hello does not name it
    // yet.
    const commandsOf = (link: RawLink) => new Set(messages(link, "command").map((command) => command.operation_id));
    expect(links.map(commandsOf)).toEqual(
      terminals.map((_, number) => new Set(number < sent.length ? [sent[number]] : [])),
    );

    const see = watcher(server, tenant);
    for (const { terminalId } of terminals) {
      await see.until(terminalId, "online");
      expect(await see.changes(terminalId), terminalId).toEqual([
        "online connected",
        "late link_lost",
        "online connected",
        "late link_lost",
        "online connected",
      ]);
    }
    await vi.waitUntil(() => !outdated.open, patience);
  });
});
