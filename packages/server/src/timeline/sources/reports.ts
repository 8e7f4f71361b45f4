import { linkTo } from "../links.ts";
import type { Found, Source } from "../source.ts";
import { readFaults, readLogs, readPresence, readTelemetry } from "../sql/terminals.ts";
import { presenceInWords, telemetryInWords } from "../words/reports.ts";

/** Changes of presence. */
export const presence: Source = async (wanted) =>
  (await readPresence(wanted)).map((row): Found => {
    const { type, words } = presenceInWords(row.status, row.reason);
    return {
      source: "presence",
      at: row.at.getTime(),
      key: row.id,
      type,
      text: ({ Terminal }) => `${Terminal(row.terminal_id)} ${words}.`,
      link: linkTo.presence(wanted.subject.accountId, row.terminal_id, row.at),
      terminalId: row.terminal_id,
    };
  });

/** Changes of what devices report about themselves. */
export const telemetry: Source = async (wanted) =>
  (await readTelemetry(wanted)).map((row): Found => {
    const words = telemetryInWords(row.field, row.value);
    return {
      source: "telemetry",
      at: row.at.getTime(),
      key: row.id,
      type: `${row.field}_changed`,
      text: ({ Terminal }) => `${Terminal(row.terminal_id)} ${words}.`,
      link: linkTo.telemetry(wanted.subject.accountId, row.terminal_id, row.at, row.field),
      terminalId: row.terminal_id,
    };
  });

/** The last fault of each terminal, and its end. */
export const faults: Source = async (wanted) =>
  (await readFaults(wanted)).flatMap((row): Found[] => {
    const { terminal_id: terminalId, fault_code: code, fault_message: message, fault_at, fault_ended_at } = row;
    const link = linkTo.fault(wanted.subject.accountId, terminalId);
    const common = { key: terminalId, link, terminalId };
    const said = message === null ? "" : `: ${message.replace(/\.$/, "")}`;
    const begun: Found[] = fault_at
      ? [
          {
            ...common,
            source: "fault",
            at: fault_at.getTime(),
            type: "fault_reported",
            text: ({ Terminal }) => `${Terminal(terminalId)} reported the fault ${code}${said}.`,
          },
        ]
      : [];
    if (!fault_ended_at) return begun;
    const text: Found["text"] = ({ Terminal }) => `${Terminal(terminalId)} does not report the fault ${code} any more.`;
    return [...begun, { ...common, source: "fault_end", at: fault_ended_at.getTime(), type: "fault_ended", text }];
  });

/** Logs that have arrived. */
export const logs: Source = async (wanted) =>
  (await readLogs(wanted)).map((row): Found => {
    const size = Math.ceil(Number(row.unpacked_size) / 1024);
    return {
      source: "log",
      at: row.created_at.getTime(),
      key: row.id,
      type: "log_received",
      text: ({ Terminal }) => `${Terminal(row.terminal_id)} sent its log: ${size} KiB of text.`,
      link: linkTo.log(wanted.subject.accountId, row.terminal_id, row.id),
      terminalId: row.terminal_id,
    };
  });
