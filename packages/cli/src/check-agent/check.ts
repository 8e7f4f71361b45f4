import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pairingUri } from "@tillkeeper/contract/pairing";
import { makeTemporaryFolder } from "@tillkeeper/server/platform/folders/temporary-folder";
import type { LevelCase } from "./cases/all.ts";
import { CheckServer } from "./check-server.ts";
import { type Device, type DeviceCommands, deviceOf } from "./device.ts";
import { terminalId } from "./identity.ts";
import { type Outcome, play } from "./run.ts";

export interface CheckSettings extends DeviceCommands {
  cases: readonly LevelCase[];
  /** The address on which the device reaches the test server. */
  host: string;
  pairing: boolean;
  serial: string;
  timeoutFactor: number;
  signal: AbortSignal;
  /** Called with the credentials, as soon as the device can connect. */
  introduced: (login: Record<string, string>) => void;
  /** Called with the outcome of each case. */
  tell: (outcome: Outcome) => void;
  /** Called with each line that the device's programs print. */
  overheard: (line: string) => void;
  /** Makes the device in place of the commands, for tests. */
  device?: (server: CheckServer) => Device;
}

/** What a check found. */
export interface Finding {
  outcomes: readonly Outcome[];
  /** The name and version that the device's hello gave. */
  agent: string;
}

/** Opens the test server, waits for the device, and checks it. Returns undefined when the signal aborts before the end. */
export async function check(settings: CheckSettings): Promise<Finding | undefined> {
  const { host, serial, pairing, signal, timeoutFactor } = settings;
  const folder = makeTemporaryFolder("tk-check-agent-");
  const server = await CheckServer.open(host, serial);
  const login = () => loginOf(server, { host, folder, pairing });
  const device =
    settings.device?.(server) ??
    deviceOf(settings, login, { tell: settings.overheard, stopped: () => server.deviceStopped() });
  try {
    settings.introduced(await login());
    const deps = { server, device, pairs: pairing, factor: timeoutFactor, signal };
    const outcomes = await play(settings.cases, deps, settings.tell);
    return { outcomes, agent: server.transcript.said("hello").at(-1)?.agent ?? "unknown" };
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    await device.end();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface LoginSettings {
  host: string;
  /** The folder of the file with the credentials. */
  folder: string;
  pairing: boolean;
}

/** The environment variables with the present credentials. Without pairing, it also writes them into a file. */
async function loginOf(server: CheckServer, { host, folder, pairing }: LoginSettings): Promise<Record<string, string>> {
  const { httpUrl, identity } = server;
  const { serialNumber, code, address, password } = identity;
  if (pairing) {
    const qr = pairingUri({ server: httpUrl, serialNumber, code });
    return { AGENT_SERVER: httpUrl, AGENT_SERIAL: serialNumber, AGENT_CODE: code, AGENT_QR: qr };
  }
  const mqtt = server.mqttUrl(host);
  const file = join(folder, "credentials.json");
  // In the form that `POST …/credentials` answers.
  const answer = { terminal_id: terminalId, address, mqtt_url: mqtt, username: address, password, client_id: address };
  await writeFile(file, JSON.stringify(answer), { mode: 0o600 });
  return {
    AGENT_SERVER: httpUrl,
    AGENT_TERMINAL_ID: terminalId,
    AGENT_ADDRESS: address,
    AGENT_MQTT_URL: mqtt,
    AGENT_USERNAME: address,
    AGENT_PASSWORD: password,
    AGENT_CLIENT_ID: address,
    AGENT_CREDENTIALS_FILE: file,
  };
}
