import { at, type Broken, creation, ended, intentOf, operation, terminal, time } from "./sound-history.ts";

/** Changes fields in the row of an operation. */
export const replaceRow = (history: Broken, id: string, values: object) => {
  history.rows = history.rows.map((row) => (row.id === id ? { ...row, ...values } : row));
};

interface Close {
  number: number;
  accepted: number;
  began: number;
  ended: number;
  answered?: number;
  wish?: string;
}

/** Adds an executed close: its request, agent lines, journal entry and row. Times are seconds of the history. */
export function addClose(history: Broken, close: Close): void {
  const { number, accepted, answered = close.ended, wish = `wish-${number}` } = close;
  const id = `op-${number}`;
  const batch = { outcome: "accepted", batch_id: id } as const;
  const intent = intentOf(wish, { operation: "end_of_day" });
  const phases = { accepted: time(accepted) };
  const made = operation(id, wish, { operation: "end_of_day", deadline: time(accepted + 10), phases });
  history.client.push(creation(wish, accepted, { status: 201, operation: made }, { intent }));
  const end = { status: "COMPLETED", result: batch } as const;
  history.agents.push(
    { type: "began", terminalId: terminal, operationId: id, operation: "end_of_day", wish, at: at(close.began) },
    ended(id, close.ended, end),
    { type: "held", terminalId: terminal, operationId: id, at: at(answered + 0.1) },
  );
  history.journals[0]?.entries.push({ ...end, operation_id: id, operation: "end_of_day" });
  const stored = {
    phases: { ...phases, answered: time(answered) },
    updated_at: time(answered),
    recovered: true as const,
  };
  history.rows.push({ ...made, ...end, ...stored });
}

/** Adds a close that the terminal refused as `out_of_step`; `accepted` is in seconds of the history. */
export function refuse(history: Broken, accepted: number): void {
  const made = operation("op-20", "wish-20", {
    operation: "end_of_day",
    deadline: time(accepted + 9),
    phases: { accepted: time(accepted) },
  });
  const intent = intentOf("wish-20", { operation: "end_of_day" });
  history.client.push(creation("wish-20", accepted, { status: 201, operation: made }, { intent }));
  const end = { status: "FAILED", reason: "out_of_step" } as const;
  history.journals[0]?.entries.push({ ...end, operation_id: "op-20", operation: "end_of_day" });
  history.rows.push({ ...made, ...end, updated_at: time(accepted + 1) });
}

/** Adds a request that was accepted at `seconds` and whose operation is gone. */
export function loseAccepted(history: Broken, seconds: number): void {
  const gone = operation("op-9", "wish-9", { phases: { accepted: time(seconds) }, deadline: time(seconds + 10) });
  history.client.push(creation("wish-9", seconds, { status: 201, operation: gone }));
}
