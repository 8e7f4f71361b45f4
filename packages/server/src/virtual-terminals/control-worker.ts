import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log/log.ts";
import { every, type Worker } from "../platform/worker.ts";
import {
  type ActionRow,
  endClose,
  type HolderDeps,
  noteHappened,
  noteInForce,
  waitingActions,
  waitingControls,
} from "./controls.ts";
import type { VirtualTerminalHost } from "./virtual-terminals.ts";

interface ControlDeps extends HolderDeps {
  clock: Clock;
  log: Logger;
  host: VirtualTerminalHost;
}

/** Requests at other servers wait for it. */
const lookEveryMs = 500;

/**
 * Tells this server's virtual terminals how they are to behave, and has happen at them what was asked for. Both stand in rows, so
 * that any server takes the request, and a terminal that moves or starts again has what was asked of it. Woken by requests here.
 */
export function controlWorker(deps: ControlDeps): Worker {
  const { host, log } = deps;
  return every("virtual_terminals.controls", lookEveryMs, async () => {
    for (const row of await waitingControls(deps)) {
      if (await host.control?.(row.terminal_id, row.timed)) await noteInForce(deps, row);
    }
    const byTerminal = Map.groupBy(await waitingActions(deps), ({ terminal_id: id }) => id);
    const failed = (error: unknown) => log.warn({ err: error }, "a virtual terminal did not do what was asked of it");
    await Promise.all([...byTerminal.values()].map((actions) => actInOrder(deps, actions).catch(failed)));
  });
}

/** A terminal that does not run is asked again at the next look. */
async function actInOrder(deps: ControlDeps, actions: readonly ActionRow[]): Promise<void> {
  for (const action of actions) if (!(await act(deps, action))) return;
}

async function act(deps: ControlDeps, action: ActionRow): Promise<boolean> {
  const { host, clock } = deps;
  const { id, kind, amount, tip, terminal_id: terminalId } = action;
  const store = (atMs: number) => noteHappened(deps, action, atMs);
  if (kind !== "close") {
    const trade = { id, kind, amount: Number(amount), tip: Number(tip) };
    return (await host.putIn?.(terminalId, trade, store)) ?? false;
  }
  if (!host.runs?.(terminalId)) return false;
  // Noted before it is done: after a crash in between, what was open at that instant is closed once.
  const atMs = action.happened_at?.getTime() ?? clock.now().getTime();
  if (action.happened_at === null && !(await store(atMs))) return false;
  await endClose(deps, action, await host.closeByHand?.(terminalId, atMs));
  return true;
}
