import { limits } from "@tillkeeper/contract/limits";
import {
  type GoneMessage,
  type GoodbyeMessage,
  type HeartbeatMessage,
  type HelloMessage,
  type Messages,
  messages,
  type ProbeAnswerMessage,
  protocolVersion,
  type ResultMessage,
  type UpChannel,
} from "@tillkeeper/contract/mqtt";
import { operationResults, type SendLogsResult } from "@tillkeeper/contract/operations";
import { isMoved } from "@tillkeeper/contract/terminal-status";
import { Compile, type Validator } from "typebox/compile";
import type { Db } from "../db/db.ts";
import { cancelledAmong, claimAfterHello } from "../operations/commands.ts";
import type { Reports } from "../operations/reports.ts";
import type { Clock } from "../platform/clock.ts";
import { registerFormats } from "../platform/formats.ts";
import { findUnstorable } from "../platform/http/storable.ts";
import { hasMoreValues } from "../platform/http/value-count.ts";
import type { Logger } from "../platform/log.ts";
import { type CredentialHolder, deviceConnected, holdsCredential } from "../terminals/credential-holders.ts";
import { accountOfTerminalId } from "../terminals/credentials.ts";
import { repeatAt, sendMessage } from "./dispatch.ts";
import { type HelloOverview, helloOverviews } from "./sql/hello-overview.ts";
import type { TransferOf } from "./transfers.ts";
import type { DeviceTransport, Receive } from "./transport.ts";

interface InboundOptions {
  db: Db;
  clock: Clock;
  log: Logger;
  reports: Reports;
  transport: () => DeviceTransport;
  presence: PresenceReports;
  logs: StoredLogs;
  transferOf: TransferOf;
}

/** What the gateway asks of the logs: a terminal's word for one is not enough. */
export interface StoredLogs {
  /** Whether the log that a result of `send_logs` names is there, is of that operation, and is as the result says. */
  holds(origin: Origin, operationId: string, result: SendLogsResult): Promise<boolean>;
}

interface InboundDeps extends InboundOptions {
  overview: (origin: CredentialHolder) => Promise<HelloOverview | undefined>;
}

/** Who speaks as a terminal, and whether it asks for its messages over HTTPS, again and again. */
interface HeardFrom extends CredentialHolder {
  polls?: boolean;
}

/** What the gateway tells of who is there. */
export interface PresenceReports {
  /** How often terminals are asked to say that they are there. */
  readonly heartbeatSeconds: number;
  hello(origin: HeardFrom, message: HelloMessage): Promise<void>;
  /** A message that says nothing of presence but that there is somebody. */
  heard(origin: HeardFrom): void;
  heartbeat(origin: HeardFrom, message: HeartbeatMessage): Promise<void>;
  goodbye(origin: Origin, message: GoodbyeMessage): Promise<void>;
  gone(origin: Origin, message: GoneMessage): Promise<void>;
  probeAnswered(origin: HeardFrom, message: ProbeAnswerMessage): Promise<void>;
}

interface Place {
  path: string;
  message: string;
}

registerFormats();
const validators = {
  hello: Compile(messages.hello),
  delivered: Compile(messages.delivered),
  started: Compile(messages.started),
  cancel_refused: Compile(messages.cancel_refused),
  result: Compile(messages.result),
  heartbeat: Compile(messages.heartbeat),
  goodbye: Compile(messages.goodbye),
  gone: Compile(messages.gone),
  probe_answer: Compile(messages.probe_answer),
};
const resultValidators = {
  end_of_day: Compile(operationResults.end_of_day),
  send_logs: Compile(operationResults.send_logs),
  check_update: Compile(operationResults.check_update),
  open_menu: Compile(operationResults.open_menu),
};
const mostPlaces = 10;

/**
 * Takes what terminals say. A message that is not understood is answered with a `rejection` that names the places; a
 * fault on our side is logged, and the terminal repeats what has no receipt. What a device has said that was locked out
 * meanwhile counts for nothing: the statements that write it look at the credential it came with (docs/adr/0014).
 */
export function createInbound(options: InboundOptions): Receive {
  const deps: InboundDeps = { ...options, overview: helloOverviews(options.db) };
  return async (terminalId, channel, payload, { by, credentialId } = {}) => {
    const accountId = accountOfTerminalId(terminalId);
    if (!accountId) return;
    const origin = { accountId, terminalId, credentialId, polls: by === "https" };
    try {
      const message = parse(payload);
      const places =
        message === undefined
          ? [{ path: "", message: "is not JSON" }]
          : await findAllFaults(deps, origin, channel, message);
      if (places.length > 0) return await reject(deps, terminalId, channel, message, places);
      if (ofOperations.has(channel)) deps.presence.heard(origin);
      await handlers[channel](deps, origin, message as never);
    } catch (error) {
      deps.log.warn({ err: error, terminal_id: terminalId, channel }, "a terminal's message could not be handled");
    }
  };
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
}

async function findAllFaults(
  { logs }: InboundDeps,
  origin: Origin,
  channel: UpChannel,
  message: unknown,
): Promise<Place[]> {
  const places = findFaults(channel, message);
  if (places.length > 0 || channel !== "result") return places;
  const { operation, status, operation_id: id, result } = message as ResultMessage;
  if (operation !== "send_logs" || status !== "COMPLETED") return [];
  if (await logs.holds(origin, id, result as SendLogsResult)) return [];
  return [{ path: "/result/log_id", message: "names no stored log of this operation with this size and sha256" }];
}

function findFaults(channel: UpChannel, message: unknown): Place[] {
  // Before any place is looked for: each value may be one.
  if (hasMoreValues(message, limits.mqttMessageValues)) {
    return [{ path: "", message: `must not have more than ${limits.mqttMessageValues} values` }];
  }
  const faults = placesOf(validators[channel], message, "");
  if (faults.length === 0 && channel === "result") faults.push(...findResultFaults(message as ResultMessage));
  if (faults.length > 0) return faults.slice(0, mostPlaces);
  const unstorable = findUnstorable(message, "");
  return unstorable ? [unstorable] : [];
}

function findResultFaults(message: ResultMessage): Place[] {
  if (message.status === "FAILED") return [];
  return placesOf(resultValidators[message.operation], message.result, "/result");
}

function placesOf(validator: Validator, value: unknown, root: string): Place[] {
  if (validator.Check(value)) return [];
  return validator.Errors(value).map((error) => ({ path: `${root}${error.instancePath}`, message: error.message }));
}

async function reject(
  { transport }: InboundDeps,
  terminalId: string,
  channel: UpChannel,
  message: unknown,
  errors: Place[],
) {
  const operationId = (message as { operation_id?: unknown } | null | undefined)?.operation_id;
  await transport().publish(terminalId, "rejection", {
    channel,
    ...(typeof operationId === "string" && operationId.length <= 64 && { operation_id: operationId }),
    errors,
  });
}

interface Origin {
  accountId: string;
  terminalId: string;
}

type From<C extends UpChannel> = (deps: InboundDeps, origin: HeardFrom, message: Messages[C]) => Promise<void>;

/** Messages that presence does not take itself. */
const ofOperations: ReadonlySet<UpChannel> = new Set(["delivered", "started", "result", "cancel_refused"]);

const handlers: { [C in UpChannel]: From<C> } = {
  hello: handleHello,
  delivered: ({ reports }, origin, message) => reports.delivered(origin, message),
  started: ({ reports }, origin, message) => reports.started(origin, message),
  result: handleResult,
  cancel_refused: ({ reports }, origin, message) => reports.cancelRefused(origin, message),
  heartbeat: ({ presence }, origin, message) => presence.heartbeat(origin, message),
  goodbye: ({ presence }, origin, message) => presence.goodbye(origin, message),
  gone: ({ presence }, origin, message) => presence.gone(origin, message),
  async probe_answer({ db, transport, presence }, origin, message) {
    const counts = isTakenAtItsWord(transport(), origin) || (await holdsCredential(db.sql, origin));
    if (counts) await presence.probeAnswered(origin, message);
  },
};

/** Where the operator's own rules say who gets in, nobody here can ask for a credential. */
function isTakenAtItsWord({ holdersOnly }: DeviceTransport, { credentialId }: CredentialHolder): boolean {
  return !holdersOnly && credentialId === undefined;
}

/** Server and agent compare notes: what the terminal should be doing and does not know is sent again. */
async function handleHello(deps: InboundDeps, from: HeardFrom, hello: HelloMessage): Promise<void> {
  const { db, clock, reports, transport, presence } = deps;
  const { polls: _, ...origin } = from;
  const now = clock.now();
  // First, so that it is noted in the order of what happened; waited for before the welcome.
  const noted = presence.hello(from, hello);
  // Whatever comes first: it is waited for below.
  noted.catch(() => undefined);
  const terminal = await deps.overview(origin);
  if (!terminal) return;
  if (isMoved("device_connected", terminal.state)) {
    await deviceConnected(db, clock, origin, { asWhoever: isTakenAtItsWord(transport(), origin) });
  }
  // A `delivered` or `started` may have got lost with the link.
  await Promise.all(
    hello.operations.map(async ({ operation_id, phase }) => {
      if (phase === "delivered") await reports.delivered(origin, { operation_id, received_at: hello.sent_at });
      if (phase === "started") await reports.started(origin, { operation_id, started_at: hello.sent_at });
    }),
  );
  const named = hello.operations.map((known) => known.operation_id);
  const claim = { ...origin, now, nextDueAt: repeatAt(now), named, inquiry: hello.inquiry };
  const message = terminal.live ? await claimAfterHello(db.pool, claim) : undefined;
  await noted;
  // Only now: without a welcome the terminal says hello again, and the notes are compared after all.
  await transport().publish(origin.terminalId, "welcome", {
    protocol: protocolVersion,
    server_time: now.toISOString(),
    hello_sent_at: hello.sent_at,
    heartbeat_seconds: presence.heartbeatSeconds,
  });
  if (message) sendMessage(deps, message);
  await tellOfCancelled(deps, origin, hello);
}

/** What waits in the terminal and was cancelled meanwhile must not begin. */
async function tellOfCancelled(deps: InboundDeps, { accountId, terminalId }: Origin, hello: HelloMessage) {
  const waiting = hello.operations.filter(({ phase }) => phase === "delivered").map((known) => known.operation_id);
  if (waiting.length === 0) return;
  for (const command of await cancelledAmong(deps.db.sql, { accountId, terminalId, ids: waiting })) {
    sendMessage(deps, { kind: "cancel", command, attempt: 1 });
  }
}

/** The receipt goes out only after the commit: it is what lets the terminal stop repeating. */
async function handleResult(
  { reports, transport }: InboundDeps,
  origin: CredentialHolder,
  message: ResultMessage,
): Promise<void> {
  const status = await reports.finished(origin, message);
  if (!status) return;
  await transport().publish(origin.terminalId, "receipt", { operation_id: message.operation_id, status });
}
