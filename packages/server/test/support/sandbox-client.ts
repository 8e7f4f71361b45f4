import { basic } from "@tillkeeper/stage/accounts/tokens";
import { send } from "@tillkeeper/stage/servers/test-server";
import { vi } from "vitest";
import type { RunningServer } from "../../src/main.ts";

export interface OperationAnswer {
  id: string;
  terminal_id: string;
  operation: string;
  status: string;
  created_by: string;
  reason?: string;
  next_step?: string;
  error?: { code: string };
  result?: Record<string, number | string | boolean>;
  late_result?: { status: string; reason?: string };
  recovered?: boolean;
}

/** A program of the sandbox's first client. */
export async function sandboxClient(server: RunningServer) {
  if (!server.sandbox) throw new Error("the server is no sandbox");
  const { account_id: accountId, client_id: id, client_secret: secret, terminalIds } = server.sandbox;
  const audience = `${server.httpUrl}/v1/accounts/${accountId}`;
  const { body: granted } = await send<{ access_token: string }>(
    server.httpUrl,
    "POST",
    `/v1/accounts/${accountId}/auth/token`,
    { headers: { authorization: basic(id, secret) }, body: { grant_type: "client_credentials", audience } },
  );
  const token = granted.access_token;
  const call = <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => send<T>(server.httpUrl, method, `/v1${path}`, { token, headers, ...(body !== undefined && { body }) });
  const operate = (terminalId: string, operation: string, more: object = {}) =>
    call<OperationAnswer>("POST", "/admin/terminals/operations", { terminal_id: terminalId, operation, ...more });
  const read = async (operationId: string) =>
    (await call<OperationAnswer>("GET", `/admin/terminals/operations/${operationId}`)).body;
  /** The operation, once it has ended, or once `isDone`. */
  const ended = (operationId: string, isDone = ({ status }: OperationAnswer) => status !== "PENDING") =>
    vi.waitUntil(
      async () => {
        const operation = await read(operationId);
        return isDone(operation) ? operation : undefined;
      },
      { timeout: 15_000, interval: 50 },
    );
  return {
    accountId,
    token,
    terminalIds,
    account: `/accounts/${accountId}`,
    call,
    operate,
    read,
    ended,
    /** Sends an operation and waits for its end. */
    run: async (terminalId: string, operation: string, more: object = {}) => {
      const { status, body } = await operate(terminalId, operation, more);
      if (status !== 201) throw new Error(`${operation}: ${status} ${JSON.stringify(body)}`);
      return ended(body.id);
    },
    control: (terminalId: string, body: object) => call("PUT", `/sandbox/terminals/${terminalId}`, body),
    /** Waits until the terminal is online, or something else. */
    until: (terminalId: string, status = "online") =>
      vi.waitUntil(
        async () => {
          const { body } = await call<{ status: string }>(
            "GET",
            `/accounts/${accountId}/terminals/${terminalId}/presence`,
          );
          return body.status === status;
        },
        { timeout: 15_000, interval: 50 },
      ),
  };
}
export type SandboxClient = Awaited<ReturnType<typeof sandboxClient>>;
