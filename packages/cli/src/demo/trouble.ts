import type { Terminal } from "@tillkeeper/contract/http/terminals";
import { checkCompleted, type DemoContext, sendAccepted, waitForEnd } from "./demo-context.ts";

const windowSeconds = 5;
/** A timeout shows at most this long after the deadline. */
const visibleWithinMs = 1_000;
/** What the demo's own polling may add. */
const pollingMs = 500;

/** Plays operations on the sandbox's faulty terminals: one does not answer, one fails. */
export async function playTrouble(context: DemoContext): Promise<void> {
  const { steps, client, last, accountId } = context;
  const { terminals } = await client.terminals.list({ limit: 100 });
  const silent = terminalWith(terminals, `SIMULATED-${accountId}-901`);
  const failing = terminalWith(terminals, `SIMULATED-${accountId}-904`);

  await steps.step("Command a terminal that does not answer", "TIMEOUT in 5 s, no_answer", async (checks) => {
    const body = { terminal_id: silent, operation: "open_menu", timeout: windowSeconds } as const;
    const ended = await waitForEnd(context, checks, await sendAccepted(context, checks, body));
    const afterMs = Date.now() - Date.parse(ended.deadline);
    checks.equal("status", ended.status, "TIMEOUT");
    checks.equal("reason", ended.reason, "no_answer");
    checks.equal("result", ended.result, undefined);
    checks.that(afterMs >= 0, `it ended ${-afterMs} ms before its deadline`);
    checks.that(afterMs < visibleWithinMs + pollingMs, `it showed ${afterMs} ms after its deadline`);
    checks.note(`${afterMs} ms after its deadline`);
    return `${ended.status}, ${ended.reason}`;
  });

  await steps.step("Command it again: the terminal is free", "201 PENDING", async (checks) => {
    const body = { terminal_id: silent, operation: "open_menu", timeout: windowSeconds } as const;
    const { status } = await sendAccepted(context, checks, body);
    return `${last().status} ${status}`;
  });

  await steps.step("Command a terminal that fails", "FAILED, device_error", async (checks) => {
    const body = { terminal_id: failing, operation: "check_update" } as const;
    const ended = await waitForEnd(context, checks, await sendAccepted(context, checks, body));
    checks.equal("status", ended.status, "FAILED");
    checks.equal("reason", ended.reason, "device_error");
    checks.equal("error.code", ended.error?.code, "simulated_failure");
    checks.equal("result", ended.result, undefined);
    checks.note(ended.error?.message ?? "");
    return `${ended.status}, ${ended.reason}`;
  });
}

/** Plays the list of a terminal's operations: newest first, all COMPLETED. */
export async function playHistory(context: DemoContext, terminalId: string, count: number): Promise<void> {
  await context.steps.step("List what the first terminal did", `${count} COMPLETED, newest first`, async (checks) => {
    const operations = await context.client.operations.list({ terminal_id: terminalId });
    checks.equal("the status code", context.last().status, 200);
    checks.equal("how many", operations.length, count);
    const ids = operations.map(({ id }) => id);
    checks.equal("the order", ids, ids.toSorted().toReversed());
    for (const operation of operations) checkCompleted(checks, operation);
    const completed = operations.filter(({ status }) => status === "COMPLETED");
    return `${completed.length} COMPLETED of ${operations.length}`;
  });
}

function terminalWith(terminals: readonly Terminal[], serialNumber: string): string {
  const terminal = terminals.find((candidate) => candidate.device_serial_number === serialNumber);
  if (!terminal) throw new Error(`the sandbox has no terminal ${serialNumber}`);
  return terminal.terminal_id;
}
