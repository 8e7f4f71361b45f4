import { type Static, Type } from "typebox";
import { SendLogsResult } from "../operations.ts";

/** Log bundles over HTTP: what a terminal sent for `send_logs`, masked and compressed. */
const Sha256 = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "Of the file that is downloaded, in hexadecimal digits.",
});

export const TerminalLog = Type.Object({
  id: Type.String({ format: "uuid", description: "`log_id` in the result of its operation." }),
  account_id: Type.String(),
  terminal_id: Type.String({ examples: ["P11223351-T0013"] }),
  operation_id: Type.String({ format: "uuid" }),
  device_serial_number: Type.String({ description: "Of the device that sent it; the terminal's own may change." }),
  size: Type.Integer({ minimum: 0, description: "Bytes of the file that is downloaded (gzip)." }),
  unpacked_size: Type.Integer({ minimum: 0, description: "Bytes of the text in it." }),
  sha256: Sha256,
  masked_count: Type.Integer({ minimum: 0, description: "How many places looked like a card number and were masked." }),
  created_at: Type.String({ format: "date-time" }),
});
export type TerminalLog = Static<typeof TerminalLog>;

export const TerminalLogList = Type.Array(TerminalLog);
export type TerminalLogList = Static<typeof TerminalLogList>;

/** What the terminal copies into its result, and how often something was masked. */
export const LogReceived = Type.Object({
  ...SendLogsResult.properties,
  masked_count: TerminalLog.properties.masked_count,
});
export type LogReceived = Static<typeof LogReceived>;
