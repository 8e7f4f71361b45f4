import type { Child } from "./child.ts";
import type { Receipt } from "./children/agents.ts";
import type { OperationCaller } from "./operation-caller.ts";

export interface RoundTrips {
  completed: number;
  perSecond: number;
  /** Milliseconds from sending the request to its 201, and from there on to the receipt. */
  accept: number[];
  whole: number[];
}

/** The receipts that the terminals get: each is sent after the commit that made its operation COMPLETED. */
export class Receipts {
  readonly #early = new Map<string, string>();
  readonly #waiting = new Map<string, (status: string) => void>();

  constructor(agents: Child) {
    agents.onEvent = (event) => {
      for (const { operationId, status } of event as Receipt[]) {
        const waiting = this.#waiting.get(operationId);
        this.#waiting.delete(operationId);
        // A terminal may be faster than the answer to whoever asked.
        if (waiting) waiting(status);
        else this.#early.set(operationId, status);
      }
    };
  }

  async completion(operationId: string): Promise<void> {
    const early = this.#early.get(operationId);
    this.#early.delete(operationId);
    const status = early ?? (await new Promise<string>((resolve) => this.#waiting.set(operationId, resolve)));
    if (status !== "COMPLETED") throw new Error(`operation ${operationId} became ${status}`);
  }
}

interface RoundTripOptions {
  callers: OperationCaller[];
  receipts: Receipts;
  terminals: number;
  seconds: number;
}

/** Closed loop: each caller takes the terminal that has been free for longest and waits for its receipt. */
export async function roundTrips({ callers, receipts, terminals, seconds }: RoundTripOptions): Promise<RoundTrips> {
  const accept: number[] = [];
  const whole: number[] = [];
  const free = Array.from({ length: terminals }, (_, terminal) => terminal);
  const end = performance.now() + seconds * 1000;
  let inTime = 0;
  const call = async (caller: OperationCaller) => {
    let sentAt = performance.now();
    while (sentAt < end) {
      const terminal = free.shift() as number;
      const { body } = await caller.send(terminal);
      accept.push(performance.now() - sentAt);
      await receipts.completion((JSON.parse(body.toString()) as { id: string }).id);
      free.push(terminal);
      const completedAt = performance.now();
      whole.push(completedAt - sentAt);
      if (completedAt < end) inTime += 1;
      sentAt = completedAt;
    }
  };
  await Promise.all(callers.map(call));
  return { completed: whole.length, perSecond: inTime / seconds, accept, whole };
}
