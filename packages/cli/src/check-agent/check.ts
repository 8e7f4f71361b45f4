import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pairingUri } from "@tillkeeper/contract/pairing";
import type { LevelCase } from "./cases/all.ts";
import { type Device, type DeviceCommands, deviceOf } from "./device.ts";
import { terminalId } from "./identity.ts";
import { Referee } from "./referee.ts";
import { type Outcome, play } from "./run.ts";

export interface CheckSettings extends DeviceCommands {
  cases: readonly LevelCase[];
  /** Where the device reaches it. */
  host: string;
  pairing: boolean;
  serial: string;
  timeoutFactor: number;
  signal: AbortSignal;
  /** Told how to connect, as soon as it is possible. */
  introduced: (login: Record<string, string>) => void;
  tell: (outcome: Outcome) => void;
  /** What the device's programs print. */
  overheard: (line: string) => void;
  /** In place of the commands. */
  device?: (referee: Referee) => Device;
}

export interface Finding {
  outcomes: readonly Outcome[];
  /** As the device calls itself. */
  agent: string;
}

/** Opens the server, waits for the device, and checks it. Nothing is found when the signal aborts before the end. */
export async function check(settings: CheckSettings): Promise<Finding | undefined> {
  const { host, serial, pairing, signal, timeoutFactor } = settings;
  const folder = await mkdtemp(join(tmpdir(), "tk-check-agent-"));
  const referee = await Referee.open(host, serial);
  const login = () => loginOf(referee, { host, folder, pairing });
  const device =
    settings.device?.(referee) ??
    deviceOf(settings, login, { tell: settings.overheard, stopped: () => referee.deviceStopped() });
  try {
    settings.introduced(await login());
    const deps = { referee, device, pairs: pairing, factor: timeoutFactor, signal };
    const outcomes = await play(settings.cases, deps, settings.tell);
    return { outcomes, agent: referee.transcript.said("hello").at(-1)?.agent ?? "unknown" };
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    await device.end();
    await referee.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface LoginPlace {
  host: string;
  /** For the file of the credentials. */
  folder: string;
  pairing: boolean;
}

/** Environment variables that say how to connect now. */
async function loginOf(referee: Referee, { host, folder, pairing }: LoginPlace): Promise<Record<string, string>> {
  const { httpUrl, identity } = referee;
  const { serialNumber, code, address, password } = identity;
  if (pairing) {
    const qr = pairingUri({ server: httpUrl, serialNumber, code });
    return { AGENT_SERVER: httpUrl, AGENT_SERIAL: serialNumber, AGENT_CODE: code, AGENT_QR: qr };
  }
  const mqtt = referee.mqttUrl(host);
  const file = join(folder, "credentials.json");
  // As `POST …/credentials` answers them.
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
