import { type Static, type TProperties, Type } from "typebox";
import { AccountId } from "../accounts.ts";
import { SendLogsResult } from "../operations.ts";
import { Time, Uuid } from "../scalars.ts";
import { readLogs } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { LinkedListQuery } from "./paging.ts";
import { PathId } from "./params.ts";
import type { Resource } from "./resource.ts";
import { withoutSdkMethods } from "./sdk-methods.ts";

const Sha256 = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "SHA-256 of the downloaded file, in hexadecimal digits.",
});

/** A log that a terminal sent for `send_logs`. The server masks and compresses it. */
export const TerminalLog = Type.Object({
  id: Type.String({ format: "uuid", description: "`log_id` in the result of its operation." }),
  account_id: Type.String(),
  terminal_id: Type.String({ examples: ["P11223351-T0013"] }),
  operation_id: Uuid,
  device_serial_number: Type.String({
    description: "Of the device that sent it. The terminal may have another device by now.",
  }),
  size: Type.Integer({ minimum: 0, description: "Bytes of the downloaded file (gzip)." }),
  unpacked_size: Type.Integer({ minimum: 0, description: "Bytes of the text in it." }),
  sha256: Sha256,
  masked_count: Type.Integer({
    minimum: 0,
    description: "How many places looked like a card number, and were masked.",
  }),
  created_at: Time,
});
export type TerminalLog = Static<typeof TerminalLog>;

export const TerminalLogList = Type.Array(TerminalLog);
export type TerminalLogList = Static<typeof TerminalLogList>;

/** The answer to an upload: the fields that the terminal copies into its result, and the number of masked places. */
export const LogReceived = Type.Object({
  ...SendLogsResult.properties,
  masked_count: TerminalLog.properties.masked_count,
});
export type LogReceived = Static<typeof LogReceived>;

/** The content types of logs: compressed, or plain text. */
export const gzipType = "application/gzip";
export const textType = "text/plain";

const tag = "Terminal logs";

/** The endpoints of logs under one of the two documented bases. The base without an account takes it from the token (D20). */
function logsAt<const Base extends string, OfBase extends TProperties>(base: Base, ofBase: OfBase, idPrefix: string) {
  const path = `${base}/admin/terminals/:terminal_id/logs` as const;
  const id = `${idPrefix}admin_terminals_terminal_id_logs`;
  const log = { path: `${path}/:log_id`, schema: TerminalLog } as const satisfies Resource;
  const OfLog = Type.Object({ ...ofBase, terminal_id: PathId, log_id: Uuid });
  return {
    list: endpoint({
      method: "GET",
      path,
      scopes: readLogs,
      id: `${id}_get`,
      summary: "List the logs that a terminal has sent, newest first",
      tag,
      params: Type.Object({ ...ofBase, terminal_id: PathId }),
      query: LinkedListQuery,
      answers: { 200: TerminalLogList },
      errors: ["terminal_not_found"],
      headers: ["link"],
    }),
    get: endpoint({
      method: "GET",
      path: log.path,
      resource: log,
      scopes: readLogs,
      id: `${id}_log_id_get`,
      summary: "Read about one log of a terminal",
      tag,
      params: OfLog,
      answers: { 200: TerminalLog },
      errors: ["log_not_found"],
    }),
    getContent: endpoint({
      method: "GET",
      path: `${path}/:log_id/content`,
      scopes: readLogs,
      id: `${id}_log_id_content_get`,
      summary: "Download a log of a terminal, masked and compressed; each download is noted in the audit log",
      tag,
      params: OfLog,
      answers: { 200: Type.Any() },
      binary: gzipType,
      errors: ["log_not_found"],
      headers: ["content-digest", "content-disposition"],
    }),
  };
}

export const logEndpoints = logsAt("/v1/accounts/:aid/payments", { aid: AccountId }, "account_");
/** The endpoints at the base without an account. */
export const logEndpointsByToken = withoutSdkMethods(logsAt("/v1", {}, ""), "the SDK names the account");
