import type { Creation, SeenOperation, Violation } from "./history.ts";
import { acceptedBy, type Indexed } from "./index.ts";
import { acceptance, lostIn } from "./lost.ts";

/** Checks that accepted operations exist, that each request made one operation, and that no other operation exists. */
export function checkAcceptance(index: Indexed): Violation[] {
  return [
    ...index.creations.flatMap((creation) => checkExistence(index, creation)),
    ...[...index.creationsOf.values()].flatMap((creations) => checkUniqueness(index, creations)),
    ...[...index.creationsOf.values()].flatMap((creations) => checkRefused(index, creations)),
    ...index.history.rows.flatMap((row) => checkRequested(index, row)),
  ];
}

function checkExistence(index: Indexed, creation: Creation): Violation[] {
  const accepted = acceptedBy(creation);
  if (!accepted) return [];
  const { intent } = creation;
  const row = index.rows.get(accepted.id);
  const found = `${intent.id} was answered ${accepted.id} at ${iso(creation.answeredAt)}`;
  // A lost period may have removed it. An operation that a terminal began must come back: see `checkExecutions`.
  if (!row && lostIn(index, accepted.id).length > 0) return [];
  if (!row) {
    return [{ promise: "accepted_exists", operationId: accepted.id, text: `${found}, and no such operation exists` }];
  }
  const differences = (
    [
      ["account_id", intent.accountId, row.account_id],
      ["terminal_id", intent.terminalId, row.terminal_id],
      ["operation", intent.operation, row.operation],
      ["parameters.operator_id", intent.id, row.parameters?.operator_id],
      ["deadline", accepted.deadline, row.deadline],
    ] as const
  ).filter(([, wanted, is]) => wanted !== is);
  return differences.map(([field, wanted, is]) => ({
    promise: "accepted_exists",
    operationId: row.id,
    text: `${found}; its ${field} is ${is}, not ${wanted}`,
  }));
}

function checkUniqueness(index: Indexed, creations: Creation[]): Violation[] {
  const [{ intent }] = creations as [Creation];
  const ids = new Set(creations.flatMap((creation) => acceptedBy(creation)?.id ?? []));
  const rows = index.rowsOf.get(intent.id) ?? [];
  const violations: Violation[] = [];
  if (eachReplacesLost(index, [...ids, ...rows.map(({ id }) => id)])) return [];
  if (ids.size > 1) {
    const text = `${intent.id} was answered with ${ids.size} operations: ${[...ids].join(", ")}`;
    violations.push({ promise: "one_operation_per_request", text });
  }
  if (rows.length > 1) {
    const text = `${intent.id}, sent ${creations.length} times, made ${rows.length} operations: ${rows.map(({ id }) => id).join(", ")}`;
    violations.push({ promise: "one_operation_per_request", text });
  }
  return violations;
}

/** Whether each operation after the first was accepted when its predecessor may have been lost. */
function eachReplacesLost(index: Indexed, ids: string[]): boolean {
  const accepted = [...new Set(ids)]
    .map((id) => ({ ...acceptance(index, id), lostIn: lostIn(index, id) }))
    .sort((a, b) => a.from - b.from);
  return accepted.every((made, number) => {
    const before = accepted[number - 1];
    return !before || before.lostIn.some(({ to }) => made.to >= to);
  });
}

/** A request whose answers were all clear refusals (409, 422, 429) must have made no operation. */
function checkRefused(index: Indexed, creations: Creation[]): Violation[] {
  const [{ intent }] = creations as [Creation];
  if (!creations.every(({ reply }) => "status" in reply && [409, 422, 429].includes(reply.status))) return [];
  return (index.rowsOf.get(intent.id) ?? []).map((row) => ({
    promise: "refused_made_nothing",
    operationId: row.id,
    text: `${intent.id} was refused, and still made ${row.id}`,
  }));
}

function checkRequested(index: Indexed, row: SeenOperation): Violation[] {
  const wish = row.parameters?.operator_id;
  if (wish !== undefined && index.creationsOf.has(wish)) return [];
  const text = `nobody asked for ${row.id} (${row.operation} of ${row.terminal_id}, by ${row.created_by})`;
  return [{ promise: "refused_made_nothing", operationId: row.id, text }];
}

/** Formats an instant in ISO 8601, in UTC. */
export function iso(instant: number): string {
  return new Date(instant).toISOString();
}
