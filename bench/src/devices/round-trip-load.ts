import type { Notices } from "../parts/notices.ts";
import type { OperationCaller } from "../parts/operation-caller.ts";

export interface RoundTrips {
  completed: number;
  perSecond: number;
  /** Milliseconds from each request to its 201. */
  accept: number[];
  /** Milliseconds from each request to the receipt of its result. */
  whole: number[];
}

interface RoundTripOptions {
  callers: OperationCaller[];
  /** State in the terminal's receipt, by operation id. The server sends the receipt after the commit of that state. */
  receipts: Notices<string>;
  terminals: number;
  seconds: number;
}

/** Closed loop: each caller takes the terminal that has been free longest and waits for the operation's receipt. */
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
      await completion(receipts, (JSON.parse(body.toString()) as { id: string }).id);
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

async function completion(receipts: Notices<string>, operationId: string): Promise<void> {
  const status = await receipts.of(operationId);
  if (status !== "COMPLETED") throw new Error(`operation ${operationId} became ${status}`);
}
