import type {
  AgentLine,
  Creation,
  History,
  Intent,
  Journal,
  KeptEvent,
  Look,
  Period,
  ReceivedEvent,
  Reply,
  SeenOperation,
  SeenStream,
} from "./history.ts";

// For the checker's tests: a small history that keeps every promise, and functions that make its parts.

const start = Date.parse("2026-11-20T10:00:00Z");
export const at = (seconds: number) => start + seconds * 1000;
export const time = (seconds: number) => new Date(at(seconds)).toISOString();

const account = "T91000001";
export const terminal = `${account}-T0001`;
export const result = {
  current_version: "v-1",
  latest_version: "v-1",
  update_available: false,
  configuration_version: "1",
};

export const intentOf = (id: string, values: Partial<Intent> = {}): Intent => ({
  id,
  accountId: account,
  terminalId: terminal,
  operation: "check_update",
  keyed: true,
  ...values,
});

export const operation = (id: string, wish: string, values: Partial<SeenOperation> = {}): SeenOperation => ({
  id,
  account_id: account,
  terminal_id: terminal,
  operation: "check_update",
  status: "PENDING",
  created_by: "client",
  updated_at: time(0),
  deadline: time(10),
  phases: { accepted: time(0) },
  parameters: { operator_id: wish },
  ...values,
});

export const creation = (wish: string, seconds: number, reply: Reply, values: Partial<Creation> = {}): Creation => ({
  type: "create",
  intent: intentOf(wish),
  otherBody: false,
  sentAt: at(seconds),
  answeredAt: at(seconds + 0.1),
  reply,
  ...values,
});

export const look = (seen: SeenOperation, seconds: number): Look => ({
  type: "look",
  operationId: seen.id,
  sentAt: at(seconds),
  answeredAt: at(seconds + 0.1),
  reply: { status: 200, operation: seen },
});

export const began = (operationId: string, seconds: number, terminalId = terminal): AgentLine => ({
  type: "began",
  operation: "check_update",
  wish: operationId.replace("op", "wish"),
  terminalId,
  operationId,
  at: at(seconds),
});
export const ended = (
  operationId: string,
  seconds: number,
  outcome: object = { status: "COMPLETED", result },
): AgentLine => ({
  type: "ended",
  terminalId: terminal,
  operationId,
  at: at(seconds),
  outcome: outcome as never,
});

export const completed = { status: "COMPLETED", result, updated_at: time(2) } as const;
const timedOut = { status: "TIMEOUT", reason: "no_answer", deadline: time(25), updated_at: time(25) } as const;
export const late = {
  status: "COMPLETED",
  finished_at: time(27),
  result: { ...result, current_version: "v-2" },
} as const;

/** Returns a history that keeps all promises: one intent completed, one timed out and answered late, one refused. */
export function healthy() {
  const first = operation("op-1", "wish-1");
  const second = operation("op-2", "wish-2", { deadline: time(25) });
  const kept = { ...first, ...completed };
  const tooLate = { ...second, ...timedOut, late_result: late };
  const refused: Reply = { status: 409, code: "operation_pending", retryAfter: "3" };
  return {
    client: [
      creation("wish-1", 0.1, { unknown: "reset" }),
      creation("wish-1", 0.5, { status: 201, operation: first }),
      creation("wish-3", 1, refused, { intent: intentOf("wish-3", { keyed: false }) }),
      creation("wish-1", 1.1, { status: 422, code: "idempotency_key_reused" }, { otherBody: true }),
      look(kept, 3),
      creation("wish-2", 5, { status: 201, operation: second }),
      look(second, 25.5),
      look({ ...second, ...timedOut }, 26.1),
    ] as History["client"],
    agents: [
      began("op-1", 1),
      ended("op-1", 2),
      began("op-2", 6),
      ended("op-2", 27, { status: "COMPLETED", result: late.result }),
    ] as AgentLine[],
    journals: [
      {
        terminalId: terminal,
        entries: [
          { operation_id: "op-1", operation: "check_update", status: "COMPLETED", result },
          { operation_id: "op-2", operation: "check_update", status: "COMPLETED", result: late.result },
        ],
      },
    ] as Journal[],
    rows: [kept, tooLate] as SeenOperation[],
    rowsReadAt: at(40),
    events: [] as KeptEvent[],
    streams: [] as SeenStream[],
    received: [] as ReceivedEvent[],
    subscribed: new Map<string, number>(),
    uptime: [{ from: at(0), to: at(40) }],
    lost: [] as Period[],
    doubles: [] as History["doubles"],
  } satisfies History;
}

/** Adds the events of all rows, and a stream that told them. */
export function addEvents(history: Broken): void {
  const causes = history.rows.flatMap(({ id, status, recovered, late_result: told }) => {
    if (recovered) return [[id, "recovered"]];
    return [[id, "accepted"], ...(status === "PENDING" ? [] : [[id, "ended"]]), ...(told ? [[id, "late_result"]] : [])];
  });
  history.events = causes.map(([subject = "", cause = ""], index) => ({
    accountId: account,
    id: `0000000e-${index + 1}`,
    type: cause === "accepted" ? "terminal_operation_add" : "terminal_operation_update",
    cause,
    subject,
  }));
  const lines = history.events.map(({ id, type, subject }) => ({
    type: "event" as const,
    at: at(30),
    id,
    event: type,
    subject,
  }));
  history.streams = [{ accountId: account, lines }];
  history.subscribed.set(account, 1);
  history.received = history.events.slice(1).map(({ accountId, id }) => ({ accountId, id, at: at(31), signed: true }));
}

/** A history for a test to break. */
export type Broken = ReturnType<typeof healthy>;
