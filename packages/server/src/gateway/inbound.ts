import {
  type GoneMessage,
  type GoodbyeMessage,
  type HeartbeatMessage,
  type HelloMessage,
  type Messages,
  type ProbeAnswerMessage,
  protocolVersion,
  type ResultMessage,
  type UpChannel,
} from "@tillkeeper/contract/mqtt";
import type { SendLogsResult } from "@tillkeeper/contract/operations";
import { isMoved } from "@tillkeeper/contract/terminal-status";
import type { Db } from "../db/db.ts";
import { inTurn } from "../db/turns.ts";
import { cancelledAmong, claimAfterHello } from "../operations/commands.ts";
import type { Reports } from "../operations/reports.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { type CredentialHolder, deviceConnected, holdsCredential } from "../terminals/credential-holders.ts";
import { accountOfTerminalId } from "../terminals/credentials.ts";
import { repeatAt, sendMessage } from "./dispatch.ts";
import { type Place, readMessage } from "./read-message.ts";
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
      const read = readMessage(channel, payload);
      if (read.places) return await reject(deps, origin, channel, read);
      const { message } = read;
      const places = channel === "result" ? await findFalseClaims(deps, origin, message as ResultMessage) : [];
      if (places.length > 0) {
        return await reject(deps, origin, channel, {
          places,
          operationId: (message as ResultMessage).operation_id,
        });
      }
      if (ofOperations.has(channel)) deps.presence.heard(origin);
      await handlers[channel](deps, origin, message as never);
    } catch (error) {
      deps.log.warn({ err: error, terminal_id: terminalId, channel }, "a terminal's message could not be handled");
    }
  };
}

/** A result of `send_logs` names a log that is there. */
async function findFalseClaims({ logs }: InboundDeps, origin: Origin, message: ResultMessage): Promise<Place[]> {
  const { operation, status, operation_id: id, result } = message;
  if (operation !== "send_logs" || status !== "COMPLETED") return [];
  if (await logs.holds(origin, id, result as SendLogsResult)) return [];
  return [{ path: "/result/log_id", message: "names no stored log of this operation with this size and sha256" }];
}

interface Refused {
  places: Place[];
  operationId: string | undefined;
}

/** Messages of a terminal that goes, or has gone: they are no sign that it is there. */
const farewells: ReadonlySet<UpChannel> = new Set(["goodbye", "gone"]);

/** A message that is not understood was said all the same: its terminal is there. */
async function reject(
  { transport, presence }: InboundDeps,
  origin: HeardFrom,
  channel: UpChannel,
  { places, operationId }: Refused,
): Promise<void> {
  if (!farewells.has(channel)) presence.heard(origin);
  const errors = places;
  await transport().publish(origin.terminalId, "rejection", {
    channel,
    ...(operationId !== undefined && { operation_id: operationId }),
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
    const counts =
      isTakenAtItsWord(transport(), origin) ||
      (await inTurn(db, origin.accountId, () => holdsCredential(db.sql, origin)));
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
  const { db } = deps;
  const named = { accountId, terminalId, ids: waiting };
  for (const command of await inTurn(db, accountId, () => cancelledAmong(db.sql, named))) {
    sendMessage(deps, { kind: "cancel", command, attempt: 1 });
  }
}

/** The receipt goes out only after the commit: it is what lets the terminal stop repeating. */
async function handleResult(deps: InboundDeps, origin: CredentialHolder, message: ResultMessage): Promise<void> {
  const { reports } = deps;
  const { operation_id: operationId } = message;
  const status = await reports.finished(origin, message);
  if (status === "of_another") {
    const places = [
      { path: "/operation", message: "is not the operation that the command with this operation_id was" },
    ];
    await reject(deps, origin, "result", { places, operationId });
  } else if (status) {
    await deps.transport().publish(origin.terminalId, "receipt", { operation_id: operationId, status });
  }
}
