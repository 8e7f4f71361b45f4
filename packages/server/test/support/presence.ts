import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { TerminalPresence } from "@tillkeeper/contract/http/presence";
import { topic } from "@tillkeeper/contract/mqtt/topics";
import { Device, type Entry, type ForDevices } from "@tillkeeper/stage/devices/device";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { connectAsync } from "mqtt";
import { vi } from "vitest";

/** A terminal with its device's credential. */
export interface Registered extends Entry {
  terminalId: string;
}

/** Registers a terminal in a store and issues its credential. */
export async function register(
  server: ForDevices,
  { aid, token }: Tenant,
  serial: string,
  storeId = "S312",
): Promise<Registered> {
  await server.call("POST", `/v1/accounts/${aid}/stores`, { token, body: { store_id: storeId } });
  const body = { device_serial_number: serial, store_id: storeId };
  const { terminal_id: terminalId } = (await server.call("POST", `/v1/accounts/${aid}/terminals`, { token, body }))
    .body;
  const path = `/v1/accounts/${aid}/terminals/${terminalId}/credentials`;
  const { address, password } = (await server.call("POST", path, { token })).body;
  return { terminalId, address, password };
}

/** Returns a session id without a count of the agent's runs. */
const newSession = (): string => randomUUID();

/** A scripted device that leaves a will with the broker, as an agent does. */
export class PresentDevice extends Device {
  static async connect(
    server: ForDevices,
    { address, password }: Entry,
    // The session is an argument, because the will contains it and is sent before the device object exists.
    { url = server.mqttUrl, clientId = address, session = newSession(), keepalive = 12 } = {},
  ): Promise<PresentDevice> {
    const client = await connectAsync(
      url,
      {
        username: address,
        password,
        clientId,
        keepalive,
        reconnectPeriod: 0,
        protocolVersion: 4,
        will: {
          topic: topic(address, "gone"),
          payload: Buffer.from(JSON.stringify({ session })),
          qos: 1,
          retain: false,
        },
      },
      false,
    );
    (client.stream as Socket).setNoDelay(true);
    const device = new PresentDevice(address, client, session);
    await client.subscribeAsync(`tillkeeper/v1/${address}/+`, { qos: 1 });
    return device;
  }

  /** Sends a hello and waits for the welcome. */
  async greet(): Promise<void> {
    const before = this.received.filter(({ channel }) => channel === "welcome").length;
    await this.hello();
    await this.next("welcome", before);
  }

  beat(more: object = {}): Promise<void> {
    return this.say("heartbeat", { session: this.session, sent_at: new Date().toISOString(), ...more });
  }

  /** Cuts the connection, as in a power cut. */
  cut(): void {
    this.client.stream.destroy();
  }
}

/** Returns functions that look at terminals through the API. */
export function watcher(server: Pick<ForDevices, "call">, { aid, token }: Tenant) {
  const of = (terminalId: string) => `/v1/accounts/${aid}/terminals/${terminalId}`;
  const get = async (path: string) => (await server.call("GET", path, { token })).body;
  const presence = (terminalId: string): Promise<TerminalPresence> => get(`${of(terminalId)}/presence`);
  return {
    presence,
    get,
    /** Resolves when the terminal's presence has that status. */
    async until(terminalId: string, status: string): Promise<TerminalPresence> {
      await vi.waitUntil(async () => (await presence(terminalId)).status === status);
      return presence(terminalId);
    },
    /** Returns the changes of presence, oldest first, as "status reason". */
    async changes(terminalId: string): Promise<string[]> {
      const { changes } = await get(`${of(terminalId)}/presence/changes?limit=100`);
      return changes.map(({ status, reason }: Record<string, string>) => `${status} ${reason}`).toReversed();
    },
    telemetry: (terminalId: string) => get(`${of(terminalId)}/telemetry`),
    history: (terminalId: string, query = "") => get(`${of(terminalId)}/telemetry/history?limit=100${query}`),
    terminal: (terminalId: string) => get(of(terminalId)),
    async probe(terminalId: string) {
      return (await server.call("POST", `${of(terminalId)}/probe`, { token })).body;
    },
  };
}
