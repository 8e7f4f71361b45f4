import type { Readable } from "node:stream";
import { AccountId } from "@tillkeeper/contract/accounts";
import { LogReceived, TerminalLog, TerminalLogList } from "@tillkeeper/contract/http/logs";
import { readLogs } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import type { TransferTokens } from "../auth/transfer-tokens.ts";
import { ApiError } from "../platform/errors.ts";
import { nextLink } from "../platform/http/paging.ts";
import { type Route, route } from "../platform/http/route.ts";
import { getLog, getLogs, type LogDeps, openLog } from "./logs.ts";
import type { ReceiveLog } from "./receive.ts";
import { digestHeader, gzipType, textType } from "./upload-headers.ts";

const tag = "Terminal logs";
const TerminalId = Type.String({ minLength: 1, maxLength: 255 });
const LogId = Type.String({ format: "uuid" });
const ListQuery = Type.Object(
  {
    starting_after: Type.Optional(Type.String({ format: "uuid", description: "The last `id` of the page before." })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 100 }),
  },
  { additionalProperties: false },
);

/** Under both bases, like operations and activations; the one without an account takes it from the token. */
export function logRoutes(deps: LogDeps): Route[] {
  return [
    ...routesAt(deps, "/v1", {}, ""),
    ...routesAt(deps, "/v1/accounts/:aid/payments", { aid: AccountId }, "account_"),
  ];
}

function routesAt(deps: LogDeps, base: string, ofBase: { aid?: typeof AccountId }, idPrefix: string): Route[] {
  const path = `${base}/admin/terminals/:terminal_id/logs`;
  const id = `${idPrefix}admin_terminals_terminal_id_logs`;
  const OfLog = Type.Object({ ...ofBase, terminal_id: TerminalId, log_id: LogId });
  return [
    route({
      method: "GET",
      path,
      scopes: readLogs,
      id: `${id}_get`,
      summary: "List the logs that a terminal has sent, newest first",
      tag,
      schemas: {
        params: Type.Object({ ...ofBase, terminal_id: TerminalId }),
        query: ListQuery,
        responses: { 200: TerminalLogList },
      },
      handle: async ({ caller, params: { terminal_id: terminalId }, query, request }) => {
        const page = { terminalId, startingAfter: query.starting_after, limit: query.limit };
        const { logs, next } = await getLogs(deps, caller.accountId, page);
        return { status: 200, body: logs, ...(next && { headers: { link: nextLink(request, next) } }) };
      },
    }),
    route({
      method: "GET",
      path: `${path}/:log_id`,
      scopes: readLogs,
      id: `${id}_log_id_get`,
      summary: "Read about one log of a terminal",
      tag,
      schemas: { params: OfLog, responses: { 200: TerminalLog } },
      handle: async ({ caller, params: { terminal_id: terminalId, log_id: logId } }) => ({
        status: 200,
        body: await getLog(deps, caller.accountId, { terminalId, logId }),
      }),
    }),
    route({
      method: "GET",
      path: `${path}/:log_id/content`,
      scopes: readLogs,
      id: `${id}_log_id_content_get`,
      summary: "Download a log of a terminal, masked and compressed; each download is noted in the audit log",
      tag,
      binary: gzipType,
      schemas: { params: OfLog, responses: { 200: Type.Any() } },
      handle: async ({ caller, params: { terminal_id: terminalId, log_id: logId } }) => {
        const { log, content } = await openLog(deps, caller, { terminalId, logId });
        return { status: 200, body: content, headers: downloadHeaders(log) };
      },
    }),
  ];
}

function downloadHeaders(log: TerminalLog): Record<string, string> {
  const at = log.created_at.replaceAll(/[-:]/g, "");
  return {
    "content-type": gzipType,
    "content-length": String(log.size),
    "content-disposition": `attachment; filename="${log.terminal_id}-${at}.log.gz"`,
    "content-digest": digestHeader(log.sha256),
    "cache-control": "no-store",
  };
}

/** Where terminals send their logs. The token of the command opens it, and nothing else. */
export function deviceLogRoutes({ tokens, receive }: { tokens: TransferTokens; receive: ReceiveLog }): Route[] {
  return [
    route({
      method: "PUT",
      path: "/v1/device/operations/:operation_id/logs",
      scopes: "public",
      id: "device_operations_operation_id_logs_put",
      summary: "Send the log that a send_logs command asks for, with the token of that command",
      tag: "Devices",
      upload: [gzipType, textType],
      schemas: {
        params: Type.Object({ operation_id: Type.String({ format: "uuid" }) }),
        responses: { 201: LogReceived },
      },
      handle: async ({ params: { operation_id: operationId }, body, request }) => {
        const grant = await tokens.authenticate(request.headers.authorization);
        if (grant.operationId !== operationId.toLowerCase()) {
          throw new ApiError("operation_not_found", "There is no such operation to send a log for.");
        }
        const upload = { headers: request.headers, body: body as Readable | undefined };
        return { status: 201, body: await receive(grant, upload) };
      },
    }),
  ];
}
