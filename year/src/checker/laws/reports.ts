import type { Case, Finding } from "../case.ts";
import type { TerminalClose } from "../terminal-truth.ts";

/** A report says of each terminal what it did, and adds up what the terminals closed. */
export function reportsTellTheTruth({ history, truth }: Case): Finding[] {
  const closed = Map.groupBy(truth.allClosed(), ({ closingId }) => closingId);
  const reported = new Set(history.closings.map(({ id }) => id));
  const findings: Finding[] = [];
  for (const [closingId, closes] of closed) {
    const [first] = closes;
    if (closingId === undefined || reported.has(closingId) || !first) continue;
    findings.push({ law: "no report", ...dayOf(first), text: `closing ${closingId} has none` });
  }
  for (const closing of history.closings) {
    const { id, storeId, businessDay, terminals, totals } = closing;
    const closes = closed.get(id) ?? [];
    const ofDay = { storeId, businessDay };
    for (const { terminalId, state, closeId, count, amount } of terminals) {
      const close = closes.find((one) => history.terminals[one.terminal]?.terminalId === terminalId);
      if (state === "closed" && !close)
        findings.push({ law: "report", ...ofDay, terminalId, text: "it says closed, and it was not" });
      if (close && closeId === close.operationId && !hasSums(close, { count, amount }))
        findings.push({
          law: "report",
          ...ofDay,
          terminalId,
          text: `it says ${count} and ${amount}, and closed ${sums(close)}`,
        });
      if (close && state !== "closed" && state !== "unknown")
        findings.push({ law: "report", ...ofDay, terminalId, text: `it says ${state}, and it was closed` });
    }
    const told = totals ?? { batches: 0, count: 0, amount: 0 };
    const batches = closes.flatMap(({ batch }) => batch ?? []);
    const amount = batches.reduce((sum, batch) => sum + batch.amount, 0);
    if (told.batches !== batches.length || told.amount !== amount)
      findings.push({
        law: "report",
        ...ofDay,
        text: `it adds up ${told.batches} batches to ${told.amount}; closed were ${batches.length}, of ${amount}`,
      });
  }
  return findings;
}

function dayOf({ storeId, businessDay }: TerminalClose) {
  return { ...(storeId !== undefined && { storeId }), ...(businessDay !== undefined && { businessDay }) };
}

function hasSums({ batch }: TerminalClose, told: { count: number | undefined; amount: number | undefined }): boolean {
  return batch?.count === told.count && batch?.amount === told.amount;
}

function sums({ batch }: TerminalClose): string {
  return `${batch?.count} and ${batch?.amount}`;
}
