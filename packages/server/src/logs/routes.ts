import type { Readable } from "node:stream";
import { deviceEndpoints as devices } from "@tillkeeper/contract/http/device-endpoints";
import { gzipType, logEndpoints, logEndpointsByToken, type TerminalLog } from "@tillkeeper/contract/http/logs";
import type { TransferTokens } from "../access/auth/tokens/transfer-tokens.ts";
import { ApiError } from "../platform/errors.ts";
import { pageAnswer } from "../platform/http/paging.ts";
import { Answer, bind, type Route } from "../platform/http/route.ts";
import { getLog, getLogs, type LogDeps, openLog } from "./logs.ts";
import { digestHeader } from "./upload/headers.ts";
import type { ReceiveLog } from "./upload/receive.ts";

/** Under both bases, like operations and activations; the one without an account takes it from the token. */
export function logRoutes(deps: LogDeps): Route[] {
  return [...routesAt(deps, logEndpointsByToken), ...routesAt(deps, logEndpoints)];
}

function routesAt(deps: LogDeps, logs: typeof logEndpoints | typeof logEndpointsByToken): Route[] {
  return [
    bind(logs.list, async ({ caller, params: { terminal_id: terminalId }, query, request }) => {
      const page = { terminalId, startingAfter: query.starting_after, limit: query.limit };
      const { logs: sent, next } = await getLogs(deps, caller.accountId, page);
      return pageAnswer(request, sent, next);
    }),
    bind(logs.get, ({ caller, params: { terminal_id: terminalId, log_id: logId } }) =>
      getLog(deps, caller.accountId, { terminalId, logId }),
    ),
    bind(logs.getContent, async ({ caller, params: { terminal_id: terminalId, log_id: logId } }) => {
      const { log, content } = await openLog(deps, caller, { terminalId, logId });
      return new Answer(content, { headers: downloadHeaders(log) });
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
    bind(devices.sendLog, async ({ params: { operation_id: operationId }, body, request }) => {
      const grant = await tokens.authenticate(request.headers.authorization);
      if (grant.operationId !== operationId.toLowerCase()) {
        throw new ApiError("operation_not_found", "There is no such operation to send a log for.");
      }
      const upload = { headers: request.headers, body: body as Readable | undefined };
      return receive(grant, upload);
    }),
  ];
}
