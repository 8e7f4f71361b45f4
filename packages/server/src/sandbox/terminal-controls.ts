import { isSandboxAccount } from "@tillkeeper/contract/accounts";
import { sandboxEndpoints as endpoints } from "@tillkeeper/contract/http/sandbox";
import type {
  SandboxClose,
  SandboxTerminal,
  SandboxTerminalChange,
  SandboxTrade,
  TerminalControls,
} from "@tillkeeper/contract/http/sandbox-terminals";
import type { FastifyRequest } from "fastify";
import { recordChange } from "../access/audit/audit.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { Clock, RealClock } from "../platform/clock.ts";
import { ApiError, invalidRequest } from "../platform/errors.ts";
import { whenHungUp } from "../platform/http/limits/hang-up.ts";
import { Answer, bind, type Caller, type Route } from "../platform/http/route.ts";
import type { Waits } from "../platform/http/wait.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { getTelemetry } from "../presence/reading/reading.ts";
import { terminalNotFound } from "../terminals/record/present.ts";
import { findTerminal } from "../terminals/record/rows.ts";
import { type ActionRow, addAction, findAction, findControls, setControls } from "../virtual-terminals/controls.ts";
import { durationMs } from "./durations.ts";

export interface TerminalControlDeps {
  db: Db;
  clock: Clock;
  presenceClock: RealClock;
  waits: Waits;
  /** Has this server read the controls of its terminals at once; other servers do so in their next round. */
  wake: () => void;
}

/** A request waits so long until the terminal behaves as it asks; then it is answered 202. */
const patienceSeconds = 5;

/** Routes of the controls of virtual terminals. */
export function terminalControlRoutes(deps: TerminalControlDeps): Route[] {
  const trade = async (
    { caller, request, terminalId }: Asked,
    { kind, amount, tip = 0 }: { kind: "purchase" | "refund"; amount: number; tip?: number },
  ): Promise<Answer<SandboxTrade>> => {
    if (tip > amount) throw invalidRequest({ path: "/body/tip", message: "must not be more than `amount`" });
    const row = await act(deps, { caller, request, terminalId }, { kind, amount, tip });
    return new Answer({ id: row.id, kind, amount, tip, ...happened(row) }, { status: row.done ? 201 : 202 });
  };
  return [
    bind(endpoints.readTerminal, ({ caller, params: { terminal_id: terminalId } }) =>
      show(deps, caller.accountId, terminalId),
    ),
    bind(endpoints.controlTerminal, async ({ caller, request, params: { terminal_id: terminalId }, body }) => {
      const shown = await control(deps, { caller, request, terminalId }, body);
      return new Answer(shown, { status: shown.in_force ? 200 : 202 });
    }),
    bind(endpoints.purchase, ({ caller, request, params: { terminal_id: terminalId }, body }) =>
      trade({ caller, request, terminalId }, { kind: "purchase", ...body }),
    ),
    bind(endpoints.refund, ({ caller, request, params: { terminal_id: terminalId }, body }) =>
      trade({ caller, request, terminalId }, { kind: "refund", ...body }),
    ),
    bind(endpoints.close, async ({ caller, request, params: { terminal_id: terminalId } }) => {
      const row = await act(deps, { caller, request, terminalId }, { kind: "close" });
      if (row.done && row.result === null) {
        throw new ApiError("close_under_way", "An operation is closing the day at this terminal.");
      }
      const closed: SandboxClose = { id: row.id, ...happened(row), ...(row.result && { result: row.result }) };
      return new Answer(closed, { status: row.done ? 201 : 202 });
    }),
  ];
}

interface Asked {
  caller: Caller;
  request: FastifyRequest;
  terminalId: string;
}

function happened({ happened_at: at }: ActionRow): { happened_at?: string } {
  return at ? { happened_at: preciseTime(at) } : {};
}

/** Throws `terminal_not_found`, also for a terminal that is not virtual. */
async function requireVirtual(tx: Tx, accountId: string, terminalId: string): Promise<void> {
  const row = isSandboxAccount(accountId) ? await findTerminal(tx, accountId, terminalId) : undefined;
  if (!row?.simulated || row.status === "DELETED") throw terminalNotFound();
}

async function show(
  { db, presenceClock }: TerminalControlDeps,
  accountId: string,
  terminalId: string,
): Promise<SandboxTerminal> {
  const set = await inTenant(db, accountId, async (tx) => {
    await requireVirtual(tx, accountId, terminalId);
    return findControls(tx, { accountId, terminalId });
  });
  const { telemetry } = await getTelemetry({ db, clock: presenceClock }, accountId, terminalId);
  return {
    terminal_id: terminalId,
    ...set?.controls,
    ...(set?.until && { until: preciseTime(set.until) }),
    in_force: set === undefined || set.in_force_version === set.version,
    ...(telemetry.open_batch && { open_batch: telemetry.open_batch.value }),
  };
}

/** Stores how a terminal is to behave, with an entry in the audit log, and waits until it does. */
async function control(
  deps: TerminalControlDeps,
  { caller, request, terminalId }: Asked,
  change: SandboxTerminalChange,
): Promise<SandboxTerminal> {
  const { db, clock, wake } = deps;
  const { accountId } = caller;
  const until = endOf(change, clock);
  const { fault, link, payment, printer, battery } = change;
  const controls: TerminalControls = {
    ...(fault !== undefined && { fault }),
    ...(link !== undefined && { link }),
    ...(payment !== undefined && { payment }),
    ...(printer !== undefined && { printer }),
    ...(battery !== undefined && { battery }),
  };
  await inTenant(db, accountId, async (tx) => {
    await requireVirtual(tx, accountId, terminalId);
    await setControls(tx, { accountId, terminalId }, { controls, until });
    await record(tx, clock, { caller, terminalId }, "control", { ...controls, until });
  });
  wake();
  const look = () => show(deps, accountId, terminalId);
  return await patient(deps, request, accountId, { known: await look(), look, isDone: ({ in_force: done }) => done });
}

function endOf({ for: lasts, until }: SandboxTerminalChange, clock: Clock): Date | null {
  if (lasts !== undefined && until !== undefined) {
    throw invalidRequest({ path: "/body/for", message: "must not come with `until`" });
  }
  if (lasts !== undefined) return new Date(clock.now().getTime() + durationMs(lasts));
  return until === undefined ? null : new Date(until);
}

/** Stores a control for a terminal, with an entry in the audit log, and waits until the terminal has done it. */
async function act(
  deps: TerminalControlDeps,
  { caller, request, terminalId }: Asked,
  action: { kind: ActionRow["kind"]; amount?: number; tip?: number },
): Promise<ActionRow> {
  const { db, clock, wake } = deps;
  const { accountId } = caller;
  const known = await inTenant(db, accountId, async (tx) => {
    await requireVirtual(tx, accountId, terminalId);
    const id = await addAction(tx, { accountId, terminalId }, action);
    await record(tx, clock, { caller, terminalId }, action.kind, action);
    return findAction(tx, accountId, id);
  });
  wake();
  const look = () => inTenant(db, accountId, (tx) => findAction(tx, accountId, known.id));
  return await patient(deps, request, accountId, { known, look, isDone: ({ done }) => done });
}

function record(
  tx: Tx,
  clock: Clock,
  { caller, terminalId: id }: { caller: Caller; terminalId: string },
  verb: string,
  after: object,
): Promise<void> {
  return recordChange(tx, clock, caller, {
    action: `sandbox_terminal.${verb}`,
    subject: { type: "terminal", id },
    after,
  });
}

async function patient<T>(
  { waits }: TerminalControlDeps,
  request: FastifyRequest,
  group: string,
  subject: { known: T; look: () => Promise<T>; isDone: (found: T) => boolean },
): Promise<T> {
  const { signal, forget } = whenHungUp(request);
  try {
    const { found } = await waits.waitFor({ group, ...subject }, { seconds: patienceSeconds, signal });
    return found;
  } finally {
    forget();
  }
}
