import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { ClosingCreate } from "@tillkeeper/contract/http/closings";
import type { CloseOptions } from "@tillkeeper/sdk";
import { readBody } from "../calls/body.ts";
import { LiveRows } from "../close/live-rows.ts";
import { printClosing, printPreview } from "../close/outcome.ts";
import { type Connection, connect } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { readDuration } from "../durations.ts";
import { partlyExitCode, UsageError, unknownExitCode } from "../failure.ts";
import { interruptedCode, watchInterruption } from "../interruption.ts";
import { say } from "../output/screen.ts";
import { showJson } from "../output/show.ts";

export interface CloseFlags extends ConnectionFlags {
  day?: string;
  terminal?: string[];
  again?: true;
  whenBusy?: string;
  retryUntil?: string;
  expected?: string;
  preview?: true;
  /** A duration; false by `--no-wait`. */
  wait?: string | false;
  json?: true;
}

/** Exit codes by the closing's state. */
const codes: Readonly<Record<Closing["state"], number>> = {
  closed: 0,
  nothing_to_close: 0,
  partly_closed: partlyExitCode,
  running: partlyExitCode,
  unknown: unknownExitCode,
};

/** Closes a store's day, shows its terminals as they stand, and prints what came of it. */
export async function closeAction(store: string, flags: CloseFlags): Promise<void> {
  const body = bodyOf(flags);
  const watching = watchingOf(flags.wait);
  const connection = connect(flags);
  if (flags.preview) {
    const query = flags.day === undefined ? {} : { business_day: flags.day };
    const preview = await connection.ask((client) => client.closings.preview(store, query));
    return flags.json ? showJson(preview) : printPreview(preview);
  }
  const closing = watching
    ? await watched(connection, store, { ...body, ...watching })
    : await connection.ask((client) => client.closings.create(store, body));
  if (!closing) {
    process.exitCode = interruptedCode;
    return;
  }
  if (flags.json) showJson(closing);
  else printClosing(closing);
  if (closing.state === "running") say("The server goes on by itself; `close` again shows how it stands.");
  process.exitCode = codes[closing.state];
}

/** The closing after it was watched, or as it stood at the interruption; undefined if there was none before that. */
async function watched(connection: Connection, store: string, options: CloseOptions): Promise<Closing | undefined> {
  const signal = watchInterruption();
  const rows = new LiveRows();
  let last: Closing | undefined;
  const onProgress = (now: Closing) => {
    last = now;
    rows.show(now);
  };
  try {
    return await connection.ask((client) => client.closings.close(store, { ...options, onProgress, signal }));
  } catch (error) {
    if (signal.aborted) return last;
    throw error;
  } finally {
    rows.end();
  }
}

function bodyOf({ day, terminal, again, whenBusy, retryUntil, expected }: CloseFlags): ClosingCreate {
  return {
    ...(day !== undefined && { business_day: day }),
    ...(terminal !== undefined && { terminals: terminal }),
    ...(again && { again }),
    ...(whenBusy !== undefined && { when_busy: whenBusy as NonNullable<ClosingCreate["when_busy"]> }),
    ...(retryUntil !== undefined && { retry_until: retryUntil }),
    ...(expected !== undefined && { expected: readBody(expected) as NonNullable<ClosingCreate["expected"]> }),
  };
}

/** How long to watch, and until when; undefined: not at all. */
function watchingOf(wait: string | false | undefined): Pick<CloseOptions, "until" | "timeoutMs"> | undefined {
  if (wait === undefined) return {};
  if (wait === false) return undefined;
  const seconds = readDuration(wait);
  if (seconds === undefined) throw new UsageError("error: --wait takes a duration, as 90s or 10m");
  return seconds === 0 ? undefined : { until: "ended", timeoutMs: seconds * 1_000 };
}
