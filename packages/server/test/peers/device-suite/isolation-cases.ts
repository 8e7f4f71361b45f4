import { randomUUID } from "node:crypto";
import { downChannels, topic, type UpChannel, upChannels } from "@tillkeeper/contract/mqtt/topics";
import { basic } from "@tillkeeper/stage/accounts/tokens";

import type { IClientOptions, MqttClient } from "mqtt";
import { expect, it } from "vitest";
import { enter, granted } from "../../support/hostile.ts";
import { type LogCommand, putLog, uploadLog } from "../../support/logs.ts";
import { carrierOf } from "./carriers.ts";
import { now, postMessages, type RawTerminal, rawTerminal } from "./raw-terminal.ts";
import type { Stage } from "./stage.ts";

/** A hostile terminal, with a credential of its own, attacks another terminal whose ids it knows. */
export function isolationCases(stage: () => Stage): void {
  it("reads nothing that is sent to it, by no filter", async (context) => {
    const [spy, victim] = [await rawTerminal(stage(), context), await rawTerminal(stage(), context)];
    const heard: string[] = [];
    const inside = async () => (await connectAgain(spy)).on("message", (name) => heard.push(name));
    let client = await inside();
    for (const filter of filtersOf(victim.address)) {
      expect(await granted(client, filter), filter).toBe(false);
      // Some brokers close the connection on such a subscription.
      if (!client.connected) client = await inside();
    }
    const before = spy.received.length;
    await answersMenu(stage(), victim);
    await probed(stage(), victim);
    expect(heard).toEqual([]);
    expect(spy.received.slice(before)).toEqual([]);
    await client.endAsync(true);
  });

  it("says nothing in its name, by publishing, retained or not, nor by will", async (context) => {
    const [hostile, victim] = [await rawTerminal(stage(), context), await rawTerminal(stage(), context)];
    const ended = await expectUntouched(stage(), { hostile, victim }, async (id) => {
      let client = await connectAgain(hostile);
      for (const [channel, message] of [...forgedMessages(victim, id), ...serverMessages(id)]) {
        for (const retain of [false, true]) {
          await publish(client, topic(victim.address, channel), message, retain);
          if (!client.connected) client = await connectAgain(hostile);
        }
      }
      for (const [channel, message] of forgedMessages(victim, id)) {
        const will = {
          topic: topic(victim.address, channel),
          payload: asBuffer(message),
          qos: 1,
          retain: false,
        } as const;
        const dying = await connectAgain(hostile, { will }).catch(() => undefined);
        dying?.stream.destroy();
      }
      await client.endAsync(true);
    });
    expect(ended).toMatchObject({ status: "COMPLETED", updated_by: victim.id });
  });

  it("says nothing about it on channels of its own, over MQTT or HTTPS", async (context) => {
    const [hostile, victim] = [await rawTerminal(stage(), context), await rawTerminal(stage(), context)];
    await expectUntouched(stage(), { hostile, victim }, async (id) => {
      for (const [channel, message] of forgedMessages(victim, id)) await hostile.say(channel, message);
      const messages = forgedMessages(victim, id).map(([channel, message]) => ({ channel, message }));
      const { token } = hostile.token;
      // Two sessions of one address would take the connection over from each other.
      await hostile.leave();
      const answer = await postMessages(hostile.token, `Bearer ${token}`, { session: victim.session, messages });
      expect(answer.status).toBe(200);
      for (const { channel } of answer.body.messages ?? [])
        expect(["receipt", "rejection", "welcome"]).toContain(channel);
      expect(JSON.stringify(answer.body)).not.toContain(`"status":"PENDING"`);
    });
  });

  it("orders nothing, nor itself: down channels are the server's", async (context) => {
    const [hostile, victim] = [await rawTerminal(stage(), context), await rawTerminal(stage(), context)];
    const heard: string[] = [];
    const listening = async () => {
      const client = await connectAgain(hostile);
      client.on("message", (name) => heard.push(name.split("/").at(-1) ?? ""));
      await client.subscribeAsync(`tillkeeper/v1/${hostile.address}/+`, { qos: 1 });
      return client;
    };
    await expectUntouched(stage(), { hostile, victim }, async (id) => {
      let client = await listening();
      for (const [channel, message] of serverMessages(id)) {
        await publish(client, topic(hostile.address, channel), message, true);
        if (!client.connected) client = await listening();
      }
      await client.endAsync(true);
    });
    expect(heard).toEqual([]);
    expect(new Set(hostile.received.map(({ channel }) => channel))).toEqual(new Set(["welcome"]));
  });

  it("does not get in by its client id, its name or its session, nor push it out", async (context) => {
    const [hostile, victim] = [await rawTerminal(stage(), context), await rawTerminal(stage(), context)];
    await expectUntouched(stage(), { hostile, victim }, async () => {
      for (const attempt of takeovers(stage(), hostile, victim)) {
        await expect(connectAgain(hostile, attempt), JSON.stringify(attempt)).rejects.toThrow();
      }
      for (const name of carrierOf(stage().carrier).byTokenAlone ? guessedLogins(victim) : []) {
        await (await connectAgain(hostile, name)).endAsync(true);
      }
      const { token } = hostile.token;
      for (const authorization of [basic(victim.address, token), basic(victim.address, hostile.token.mqtt_password)]) {
        expect(await postMessages(victim.token, authorization, { session: victim.session })).toMatchObject({
          status: 401,
        });
      }
      // With the victim's session name, the hostile terminal gets a mailbox of its own.
      await hostile.leave();
      const own = await postMessages(hostile.token, `Bearer ${token}`, { session: victim.session });
      expect(own).toEqual({ status: 200, body: { messages: [] } });
    });
  });

  it("sends no log for it, and fetches no update", async (context) => {
    const [hostile, victim] = [await rawTerminal(stage(), context), await rawTerminal(stage(), context)];
    const [theirs, own] = [
      await commandFor(stage(), victim, "send_logs"),
      await commandFor(stage(), hostile, "send_logs"),
    ];
    for (const token of [own.transfer.token, hostile.token.token, hostile.token.mqtt_password, "x.y.z"]) {
      const { status } = await putLog(theirs, "of somebody else\n", { token });
      expect([401, 404]).toContain(status);
    }
    const log = await uploadLog(theirs, "of the victim\n");
    const stolen = { operation_id: own.operation_id, operation: "send_logs", status: "COMPLETED", finished_at: now() };
    await hostile.say("result", { ...stolen, result: log });
    expect(await hostile.next("rejection")).toMatchObject({ errors: [{ path: "/result/log_id" }] });
    expect((await stage().operation(own.operation_id)).status).toBe("PENDING");
    await victim.say("result", { ...stolen, operation_id: theirs.operation_id, result: log });
    expect(await stage().ended(theirs.operation_id)).toMatchObject({ status: "COMPLETED", result: log });
    const updates = await commandFor(stage(), victim, "check_update");
    for (const token of [own.transfer.token, hostile.token.token]) {
      const url = `${updates.transfer.url}?software_version=1.0.0`;
      const { status } = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      expect([401, 404]).toContain(status);
    }
  });

  it("answers no probe for it", async (context) => {
    const [hostile, victim] = [await rawTerminal(stage(), context), await rawTerminal(stage(), context)];
    const asking = stage().see.probe(victim.id);
    const { probe_id } = await victim.next("probe");
    await hostile.say("probe_answer", { probe_id });
    const client = await connectAgain(hostile);
    await publish(client, topic(victim.address, "probe_answer"), { probe_id }, false);
    await client.endAsync(true);
    expect(await asking).toMatchObject({ reachable: false, reason: "no_answer" });
    await probed(stage(), victim);
  });
}

function filtersOf(victim: string): string[] {
  const filters = ["#", "+/#", "+/+/+/+", "tillkeeper/#", "tillkeeper/v1/#", "tillkeeper/v1/+/command", "$SYS/#"];
  const shared = ["command", "#"].map((rest) => `$share/x/tillkeeper/v1/${victim}/${rest}`);
  const channels = [...downChannels, ...upChannels, "+", "#"].map((channel) => `tillkeeper/v1/${victim}/${channel}`);
  return [...channels, ...shared, ...filters];
}

type UpMessages = [UpChannel, object][];

/** Messages that the server would accept from the victim. */
function forgedMessages({ session }: RawTerminal, operation_id: string): UpMessages {
  const at = now();
  const failed = { operation_id, operation: "open_menu", status: "FAILED", finished_at: at, reason: "refused" };
  return [
    ["delivered", { operation_id, received_at: at }],
    ["started", { operation_id, started_at: at }],
    ["result", failed],
    ["cancel_refused", { operation_id }],
    ["heartbeat", { session, sent_at: at, telemetry: { software_version: "forged" }, fault: { code: "forged" } }],
    ["goodbye", { session }],
    ["gone", { session }],
    ["probe_answer", { probe_id: randomUUID() }],
    [
      "hello",
      {
        protocol: 1,
        agent: "forged",
        sent_at: at,
        session: "forged",
        operations: [{ operation_id, phase: "started" }],
      },
    ],
  ];
}

/** Messages that only the server sends. */
function serverMessages(operation_id: string): [(typeof downChannels)[number], object][] {
  const window = { created_at: now(), expires_at: new Date(Date.now() + 60_000).toISOString(), sent_at: now() };
  const about = { operation_id, operation: "open_menu", ...window };
  return downChannels.map((channel) => [
    channel,
    { ...about, forged: true, parameters: {}, status: "COMPLETED", probe_id: randomUUID(), protocol: 1 },
  ]);
}

function takeovers(stage: Stage, hostile: RawTerminal, victim: RawTerminal): Partial<IClientOptions>[] {
  const [wrong, other] = [{ password: "wrong" }, { password: victim.address }];
  if (carrierOf(stage.carrier).byTokenAlone) return [wrong, other];
  return [
    wrong,
    other,
    { clientId: victim.login.client_id },
    { clientId: victim.id },
    { username: victim.login.username },
    { username: victim.login.username, clientId: victim.login.client_id },
    { username: "tillkeeper", clientId: hostile.address },
  ];
}

/**
 * Logins for a broker that checks only the token. They use all that the attacker knows of the victim; the victim's
 * client id cannot be guessed.
 */
function guessedLogins(victim: RawTerminal): Partial<IClientOptions>[] {
  return [
    { username: victim.login.username },
    { clientId: victim.address },
    { clientId: `${victim.address}:` },
    { clientId: victim.id },
    { username: victim.address, clientId: victim.address },
  ];
}

/** Opens another connection of a terminal. With the same client id, it takes over the first connection. */
function connectAgain(terminal: RawTerminal, more: Partial<IClientOptions> = {}): Promise<MqttClient> {
  return enter(terminal.login, { protocolVersion: terminal.level, ...more });
}

function asBuffer(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}

/** Publishes a message, and waits until the broker acknowledges it or closes the connection. */
function publish(client: MqttClient, name: string, message: object, retain: boolean): Promise<void> {
  return new Promise((resolve) => {
    client.once("close", () => resolve());
    client.publish(name, asBuffer(message), { qos: 1, retain }, () => resolve());
  });
}

/**
 * Runs an attack while the victim has an open_menu pending. Nothing of the victim may change, and the victim then
 * completes the operation. Returns the operation.
 */
async function expectUntouched(
  stage: Stage,
  { hostile, victim }: { hostile: RawTerminal; victim: RawTerminal },
  attack: (id: string) => Promise<void>,
) {
  const id = await stage.send(victim.id, "open_menu", { timeout: 120 });
  await victim.next("command");
  await stage.reaches(id, "dispatched");
  const before = await stateOf(stage, victim, id);
  expect(before.presence.status).toBe("online");
  await attack(id);
  // The server handles a terminal's messages in order. After the second welcome, it has dealt with all messages
  // before.
  await hostile.leave();
  await hostile.arrive();
  expect(await stateOf(stage, victim, id)).toEqual(before);
  // A new subscription would deliver retained messages: there must be none.
  await victim.leave();
  await victim.arrive();
  await victim.say("result", { ...opened(id) });
  await victim.next("receipt");
  const ended = await stage.operation(id);
  expect(ended).toMatchObject({ status: "COMPLETED", updated_by: victim.id });
  expect(JSON.stringify(victim.received)).not.toContain("forged");
  expect(new Set(victim.received.map(({ channel }) => channel))).toEqual(new Set(["welcome", "command", "receipt"]));
  return ended;
}

async function stateOf(stage: Stage, { id: terminalId }: RawTerminal, id: string) {
  const { status, since, fault } = await stage.see.presence(terminalId);
  const { telemetry } = await stage.see.telemetry(terminalId);
  return {
    operation: await stage.operation(id),
    presence: { status, since, fault },
    changes: await stage.see.changes(terminalId),
    telemetry,
    terminal: await stage.see.terminal(terminalId),
  };
}

const opened = (operation_id: string) => ({
  operation_id,
  operation: "open_menu",
  status: "COMPLETED",
  finished_at: now(),
  result: { opened: true },
});

async function answersMenu(stage: Stage, terminal: RawTerminal): Promise<void> {
  const id = await stage.send(terminal.id, "open_menu");
  await terminal.next("command");
  await terminal.say("result", opened(id));
  await terminal.next("receipt");
  expect((await stage.operation(id)).status).toBe("COMPLETED");
}

async function probed(stage: Stage, terminal: RawTerminal): Promise<void> {
  const before = terminal.count("probe");
  const asking = stage.see.probe(terminal.id);
  const { probe_id } = await terminal.next("probe", before);
  await terminal.say("probe_answer", { probe_id: probe_id as string });
  expect(await asking).toMatchObject({ reachable: true });
}

/** Requests an operation. Returns the command as the terminal receives it, with the token for its transfer. */
async function commandFor(stage: Stage, terminal: RawTerminal, operation: string): Promise<LogCommand> {
  const before = terminal.count("command");
  await stage.send(terminal.id, operation);
  return (await terminal.next("command", before)) as unknown as LogCommand;
}
