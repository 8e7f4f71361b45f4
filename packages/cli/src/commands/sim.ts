import type {
  SandboxPurchase,
  SandboxTerminal,
  SandboxTerminalChange,
  SandboxTrade,
} from "@tillkeeper/contract/http/sandbox-terminals";
import { connect } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { isoDuration, readDuration } from "../durations.ts";
import { UsageError } from "../failure.ts";
import { formatAmount } from "../money.ts";
import { say } from "../output/screen.ts";
import { showJson, showRecord } from "../output/show.ts";

export interface ControlFlags extends ConnectionFlags {
  for?: string;
  json?: true;
}

/** Amounts of virtual terminals are in this currency. */
const currency = "NOK";

/** Changes one control of a virtual terminal; its other controls stay. Without `--for` they all stay until they are changed. */
export async function controlAction(id: string, change: object, flags: ControlFlags): Promise<void> {
  const span = spanOf(flags.for);
  const connection = connect(flags);
  const path = pathOf(id);
  const { fault, link, payment, printer, battery } = await connection.call<SandboxTerminal>({ method: "GET", path });
  const kept = { fault, link, payment, printer, battery };
  const body = { ...kept, ...change, ...span } as SandboxTerminalChange;
  show(await connection.call<SandboxTerminal>({ method: "PUT", path, body }), flags);
}

/** Makes a virtual terminal behave as its serial number has it. */
export async function usualAction(id: string, flags: ControlFlags): Promise<void> {
  show(await connect(flags).call<SandboxTerminal>({ method: "PUT", path: pathOf(id), body: {} }), flags);
}

/** Puts a purchase or a refund into the open batch of a virtual terminal. */
export async function tradeAction(
  id: string,
  kind: "purchases" | "refunds",
  body: SandboxPurchase,
  flags: ControlFlags,
): Promise<void> {
  const trade = await connect(flags).call<SandboxTrade>({ method: "POST", path: `${pathOf(id)}/${kind}`, body });
  if (flags.json) return showJson(trade);
  const when = trade.happened_at === undefined ? "follows once the terminal runs" : `at ${trade.happened_at}`;
  console.log(`${trade.kind} of ${formatAmount(trade.amount, currency)} ${when}`);
}

function show(terminal: SandboxTerminal, { json }: ControlFlags): void {
  if (json) return showJson(terminal);
  showRecord(terminal);
  if (!terminal.in_force) say("It is not in force yet: the terminal does not run.");
}

function spanOf(text: string | undefined): { for?: string } {
  if (text === undefined) return {};
  const seconds = readDuration(text);
  if (seconds === undefined) throw new UsageError("error: --for takes a duration, as 90s or 5m");
  return { for: isoDuration(seconds) };
}

function pathOf(id: string): string {
  return `/v1/sandbox/terminals/${encodeURIComponent(id)}`;
}
