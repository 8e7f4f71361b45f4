import type { Terminal } from "@tillkeeper/contract/http/terminals";
import { checkCompleted, type Scene, sendAccepted, waitForEnd } from "./scene.ts";

const windowSeconds = 5;
/** A timeout shows at most this long after the deadline. */
const visibleWithinMs = 1_000;
/** What the demo's own polling may add. */
const pollingMs = 500;

/** Plays operations on the sandbox's faulty terminals: one does not answer, one fails. */
export async function playTrouble(scene: Scene): Promise<void> {
  const { stage, client, last, accountId } = scene;
  const { terminals } = await client.terminals.list({ limit: 100 });
  const silent = terminalWith(terminals, `SIMULATED-${accountId}-901`);
  const failing = terminalWith(terminals, `SIMULATED-${accountId}-904`);

  await stage.step("Command a terminal that does not answer", "TIMEOUT in 5 s, no_answer", async (facts) => {
    const body = { terminal_id: silent, operation: "open_menu", timeout: windowSeconds } as const;
    const ended = await waitForEnd(scene, facts, await sendAccepted(scene, facts, body));
    const afterMs = Date.now() - Date.parse(ended.deadline);
    facts.equal("status", ended.status, "TIMEOUT");
    facts.equal("reason", ended.reason, "no_answer");
    facts.equal("result", ended.result, undefined);
    facts.that(afterMs >= 0, `it ended ${-afterMs} ms before its deadline`);
    facts.that(afterMs < visibleWithinMs + pollingMs, `it showed ${afterMs} ms after its deadline`);
    facts.note(`${afterMs} ms after its deadline`);
    return `${ended.status}, ${ended.reason}`;
  });

  await stage.step("Command it again: the terminal is free", "201 PENDING", async (facts) => {
    const body = { terminal_id: silent, operation: "open_menu", timeout: windowSeconds } as const;
    const { status } = await sendAccepted(scene, facts, body);
    return `${last().status} ${status}`;
  });

  await stage.step("Command a terminal that fails", "FAILED, device_error", async (facts) => {
    const body = { terminal_id: failing, operation: "check_update" } as const;
    const ended = await waitForEnd(scene, facts, await sendAccepted(scene, facts, body));
    facts.equal("status", ended.status, "FAILED");
    facts.equal("reason", ended.reason, "device_error");
    facts.equal("error.code", ended.error?.code, "simulated_failure");
    facts.equal("result", ended.result, undefined);
    facts.note(ended.error?.message ?? "");
    return `${ended.status}, ${ended.reason}`;
  });
}

/** Plays the list of a terminal's operations: newest first, all COMPLETED. */
export async function playHistory(scene: Scene, terminalId: string, count: number): Promise<void> {
  await scene.stage.step("List what the first terminal did", `${count} COMPLETED, newest first`, async (facts) => {
    const operations = await scene.client.operations.list({ terminal_id: terminalId });
    facts.equal("the status code", scene.last().status, 200);
    facts.equal("how many", operations.length, count);
    const ids = operations.map(({ id }) => id);
    facts.equal("the order", ids, ids.toSorted().toReversed());
    for (const operation of operations) checkCompleted(facts, operation);
    const completed = operations.filter(({ status }) => status === "COMPLETED");
    return `${completed.length} COMPLETED of ${operations.length}`;
  });
}

function terminalWith(terminals: readonly Terminal[], serialNumber: string): string {
  const terminal = terminals.find((candidate) => candidate.device_serial_number === serialNumber);
  if (!terminal) throw new Error(`the sandbox has no terminal ${serialNumber}`);
  return terminal.terminal_id;
}
