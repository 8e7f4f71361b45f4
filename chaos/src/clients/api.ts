import type { OperationCreate } from "@tillkeeper/contract/http/operations";
import type { Intent, Reply, SeenOperation } from "../checker/history.ts";
import type { createHttp, HttpAnswer } from "./http.ts";
import type { Recorder } from "./recorder.ts";

export interface ApiOptions {
  http: ReturnType<typeof createHttp>;
  /** URL of the balancer. */
  url: string;
  token: string;
  recorder: Recorder;
}

const path = "/v1/admin/terminals/operations";
/** Milliseconds until a request counts as unanswered, as at a point of sale. */
const timeoutMs = 8_000;

/** Requests for the operations of one account; every exchange is recorded. A call never rejects. */
export interface Api {
  /** Requests an operation; `key` is sent as `Idempotency-Key`. */
  create(intent: Intent, body: OperationCreate, options?: { key?: string; otherBody?: boolean }): Promise<Reply>;
  look(operationId: string): Promise<Reply>;
  cancel(operationId: string): Promise<Reply>;
}

/** Creates the requests of one account; `token` is its access token. */
export function createApi({ http, url, token, recorder }: ApiOptions): Api {
  const authorization = `Bearer ${token}`;
  const call = async (method: "GET" | "POST", below: string, body?: object, headers: Record<string, string> = {}) => {
    const sentAt = Date.now();
    const request = { url: `${url}${path}${below}`, method, headers: { ...headers, authorization }, body, timeoutMs };
    const reply = readReply(await http.call(request));
    return { sentAt, answeredAt: Date.now(), reply };
  };

  return {
    create: async (intent, body, { key, otherBody = false } = {}) => {
      const exchange = await call("POST", "", body, key === undefined ? {} : { "idempotency-key": key });
      recorder.add({ type: "create", intent, otherBody, ...exchange });
      return exchange.reply;
    },
    look: async (operationId) => {
      const exchange = await call("GET", `/${operationId}`);
      recorder.add({ type: "look", operationId, ...exchange });
      return exchange.reply;
    },
    cancel: async (operationId) => {
      const exchange = await call("POST", `/${operationId}/cancel`);
      recorder.add({ type: "cancel", operationId, ...exchange });
      return exchange.reply;
    },
  };
}

function readReply(answer: HttpAnswer | { unknown: string }): Reply {
  if ("unknown" in answer) return answer;
  const { status, headers, body } = answer;
  if (status < 300) return { status, operation: body === undefined ? undefined : keepSeen(body as SeenOperation) };
  const code = (body as { error?: { code?: string } } | undefined)?.error?.code;
  return { status, code, retryAfter: headers["retry-after"] };
}

/** Returns only the fields that the checker reads, because whole operations of a long run would not fit into memory. */
export function keepSeen(operation: SeenOperation): SeenOperation {
  const { id, account_id, terminal_id, status, created_by, updated_at, deadline } = operation;
  const { parameters, result, reason, error, late_result, recovered, phases } = operation;
  const always = {
    id,
    account_id,
    terminal_id,
    operation: operation.operation,
    status,
    created_by,
    updated_at,
    deadline,
  };
  return {
    ...always,
    ...(parameters && { parameters }),
    ...(result && { result }),
    ...(reason && { reason }),
    ...(error && { error }),
    ...(late_result && { late_result }),
    ...(recovered && { recovered }),
    ...(phases && { phases: { accepted: phases.accepted, ...(phases.answered && { answered: phases.answered }) } }),
  } as SeenOperation;
}
