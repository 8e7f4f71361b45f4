import type { SandboxClock, SandboxClockChange } from "@tillkeeper/contract/http/sandbox";
import { connect } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { isoDuration, readDuration } from "../durations.ts";
import { UsageError } from "../failure.ts";
import { showJson } from "../output/show.ts";

export interface ClockFlags extends ConnectionFlags {
  rate?: number;
  json?: true;
}

const path = "/v1/sandbox/clock";

/** Shows a sandbox's time, or moves it ahead first. */
export async function clockAction(time: string | undefined, flags: ClockFlags): Promise<void> {
  const change = changeOf(time, flags.rate);
  const connection = connect(flags);
  const clock = await connection.call<SandboxClock>(
    change ? { method: "PUT", path, body: change } : { method: "GET", path },
  );
  if (flags.json) return showJson(clock);
  const rate = clock.rate === 1 ? "" : `, ${clock.rate} seconds of it in a second`;
  console.log(`${clock.now}${rate}`);
}

function changeOf(time: string | undefined, rate: number | undefined): SandboxClockChange | undefined {
  if (rate !== undefined && !Number.isInteger(rate)) throw new UsageError("error: --rate takes a whole number");
  if (time === undefined) return rate === undefined ? undefined : { rate };
  return { ...movement(time), ...(rate !== undefined && { rate }) };
}

function movement(time: string): SandboxClockChange {
  const seconds = time.startsWith("+") ? readDuration(time.slice(1)) : undefined;
  if (seconds !== undefined) return { advance: isoDuration(seconds) };
  if (/^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(time)) return { set_to: time };
  throw new UsageError(`error: "${time}" is no time: +8h, or 2026-06-29T23:29:00+02:00`);
}
