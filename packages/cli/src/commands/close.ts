import type { Closing, ClosingPreview } from "@tillkeeper/contract/http/closing-schemas";
import { readBody } from "../calls/body.ts";
import { LiveRows } from "../close/live-rows.ts";
import { printClosing, printPreview } from "../close/outcome.ts";
import { watchClosing } from "../close/watch.ts";
import { connect } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { readDuration } from "../durations.ts";
import { partlyExitCode, UsageError, unknownExitCode } from "../failure.ts";
import { watchInterruption } from "../interruption.ts";
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

const usualSeconds = 300;

/** Closes a store's day, shows its terminals as they stand, and prints what came of it. */
export async function closeAction(store: string, flags: CloseFlags): Promise<void> {
  const list = `/v1/accounts/:aid/stores/${encodeURIComponent(store)}/closings`;
  const { atMost, atLeast } = spanOf(flags.wait);
  const body = bodyOf(flags);
  const connection = connect(flags);
  if (flags.preview) {
    const query = flags.day === undefined ? {} : { business_day: flags.day };
    const preview = await connection.call<ClosingPreview>({ method: "GET", path: `${list}/preview`, query });
    return flags.json ? showJson(preview) : printPreview(preview);
  }
  const interruption = watchInterruption();
  const signal = AbortSignal.any([interruption, AbortSignal.timeout(atMost * 1_000)]);
  const rows = new LiveRows();
  let closing = await connection.call<Closing>({ method: "POST", path: list, body });
  try {
    for await (const next of watchClosing(connection, `${list}/${closing.id}`, { closing, atLeast, signal })) {
      closing = next;
      rows.show(closing);
    }
  } finally {
    rows.end();
  }
  if (flags.json) showJson(closing);
  else printClosing(closing);
  if (signal.aborted && closing.state === "running")
    say("The server goes on by itself; `close` again shows how it stands.");
  process.exitCode = codes[closing.state];
}

function bodyOf({ day, terminal, again, whenBusy, retryUntil, expected }: CloseFlags): object {
  return {
    ...(day !== undefined && { business_day: day }),
    ...(terminal !== undefined && { terminals: terminal }),
    ...(again && { again }),
    ...(whenBusy !== undefined && { when_busy: whenBusy }),
    ...(retryUntil !== undefined && { retry_until: retryUntil }),
    ...(expected !== undefined && { expected: readBody(expected) }),
  };
}

/** How long to watch: at most, and, as far as that was asked for, at least. In seconds. */
function spanOf(wait: string | false | undefined): { atMost: number; atLeast: number } {
  if (wait === undefined) return { atMost: usualSeconds, atLeast: 0 };
  if (wait === false) return { atMost: 0, atLeast: 0 };
  const seconds = readDuration(wait);
  if (seconds !== undefined) return { atMost: seconds, atLeast: seconds };
  throw new UsageError("error: --wait takes a duration, as 90s or 10m");
}
