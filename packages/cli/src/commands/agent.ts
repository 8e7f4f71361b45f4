import { join } from "node:path";
import { DeviceCredential } from "@tillkeeper/agent/credentials/device-credential";
import { readPairingUri } from "@tillkeeper/agent/credentials/pairing";
import type { Credential, OpenConnection } from "@tillkeeper/agent/links/connection";
import { withFallback } from "@tillkeeper/agent/links/fallback-connection";
import { openLongPollConnection } from "@tillkeeper/agent/links/long-poll-connection";
import { openMqttVersion } from "@tillkeeper/agent/links/mqtt-connection";
import type { MqttVersion } from "@tillkeeper/agent/links/mqtt-version";
import { openFileJournal } from "@tillkeeper/agent/memory/file-journal";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { OperationName } from "@tillkeeper/contract/operations";
import { VirtualTerminal } from "@tillkeeper/virtual-terminals/virtual/terminal";
import { type Emit, lineOf, observed } from "../agent/events.ts";
import {
  type DeviceIdentity,
  type KnownDevice,
  openPairedDevice,
  type PairedDevice,
  readKnown,
} from "../agent/paired-device.ts";
import { readReleaseKeys } from "../agent/release-keys.ts";
import { UsageError } from "../failure.ts";
import { aborted, watchInterruption } from "../interruption.ts";
import { takeStateFolder } from "../state-folder.ts";
import { version } from "../version.ts";

export interface AgentOptions {
  server?: string;
  serial?: string;
  code?: string;
  qr?: string;
  state: string;
  json?: true;
  transport: "auto" | "mqtt" | "https";
  mqttVersion: MqttVersion;
  releaseKeys?: string;
  model?: string;
  lacks: OperationName[];
}

const agentName = `tillkeeper-agent/${version}`;

/** Pairs the device if it is not paired, connects, and carries out operations until it is interrupted. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const identity = identityOf(options, await readKnown(options.state));
  const { transport, mqttVersion, model, lacks } = options;
  const releaseKeys = options.releaseKeys === undefined ? [] : readReleaseKeys(options.releaseKeys);
  const interruption = watchInterruption();
  const emit: Emit = (event) => console.log(lineOf(event, options.json ?? false));
  const folder = takeStateFolder(identity.folder);
  try {
    const device = await openPairedDevice(identity, interruption, (reason) =>
      emit({ event: "trouble", what: `cannot reach ${identity.server}`, reason }),
    );
    const { terminal_id, reference } = device.token;
    if (device.fresh) emit({ event: "paired", terminal_id, ...(reference !== undefined && { reference }) });
    if (device.memoryLost) emit({ event: "memory_lost", terminal_id });
    await runDevice(identity, device, { emit, interruption, releaseKeys, transport, mqttVersion, model, lacks });
  } catch (error) {
    if (!interruption.aborted) throw error;
  } finally {
    folder.release();
  }
}

interface RunOptions {
  emit: Emit;
  interruption: AbortSignal;
  releaseKeys: readonly ReleasePublicKey[];
  transport: AgentOptions["transport"];
  mqttVersion: MqttVersion;
  model: string | undefined;
  lacks: readonly OperationName[];
}

async function runDevice(identity: DeviceIdentity, { keys, token, journal }: PairedDevice, options: RunOptions) {
  const { emit, interruption, releaseKeys, model, lacks } = options;
  const { terminal_id: terminalId } = token;
  const kept = await DeviceCredential.open({
    server: identity.server,
    keys,
    terminalId,
    first: token,
    moved: async (address) => {
      await terminal.move(address);
      emit({ event: "memory_lost", terminal_id: terminalId });
    },
    handInResults: () => terminal.handInResults({ server: identity.server, keys }),
    lockedOut: () => emit({ event: "locked_out", terminal_id: terminalId }),
  });
  const { credential, open } = connectionOf(kept, options);
  const { url: mqttUrl, ...login } = credential;
  const what = { terminalId, serialNumber: identity.serialNumber, ...(model !== undefined && { deviceModel: model }) };
  const openJournal = (address: string) => openFileJournal(journal, address);
  const spec = { ...what, mqttUrl, ...login, releaseKeys: () => releaseKeys };
  const terminal: VirtualTerminal = new VirtualTerminal(spec, openJournal, {
    open: observed(open, terminalId, emit),
    downloads: join(identity.folder, "downloads"),
    ...(lacks.length > 0 && { lacks }),
  });
  try {
    await terminal.start();
    await aborted(interruption);
  } finally {
    await terminal.stop();
    kept.stop();
  }
}

/** The way to connect, and the credential for it. */
function connectionOf(
  kept: DeviceCredential,
  { transport, mqttVersion }: Pick<RunOptions, "transport" | "mqttVersion">,
): { credential: Credential; open: OpenConnection } {
  if (transport === "https") return { credential: kept.overHttps, open: openLongPollConnection };
  const openMqtt = openMqttVersion(mqttVersion);
  if (transport === "mqtt") return { credential: kept.credential, open: openMqtt };
  const open = withFallback(openMqtt, openLongPollConnection, () => kept.overHttps);
  return { credential: kept.credential, open };
}

/** The device's identity from the options, else from the folder of a device that has paired. Throws `StartupError`. */
function identityOf({ server, serial, code, qr, state }: AgentOptions, known: KnownDevice | undefined): DeviceIdentity {
  const scanned = qr === undefined ? undefined : readPairingUri(qr);
  if (qr !== undefined && !scanned) throw new UsageError("The text of --qr is not a pairing's.");
  const address = server ?? scanned?.server ?? known?.server;
  const serialNumber = serial ?? scanned?.serialNumber ?? known?.serial_number;
  if (address === undefined || !/^https?:$/.test(URL.parse(address)?.protocol ?? "")) {
    throw new UsageError("--server must be the address of a server, http:// or https://.");
  }
  if (scanned && scanned.serialNumber !== serialNumber)
    throw new UsageError("The pairing of --qr is another device's.");
  if (serialNumber === undefined) throw new UsageError("--serial must be the device's serial number.");
  return { server: address, serialNumber, code: code ?? scanned?.code, folder: state, agentName };
}
