import type { AgentLine, Cancellation, Creation, History, Instant, Line, Look, SeenOperation } from "./history.ts";

/** A history with the indexes that the checks need. */
export interface Indexed {
  history: History;
  creations: Creation[];
  cancellations: Cancellation[];
  /** Creations by the id of their intent. */
  creationsOf: Map<string, Creation[]>;
  /** Looks by the operation's id, as in `rows`, `begun`, `ended` and `held`. */
  looksAt: Map<string, Look[]>;
  rows: Map<string, SeenOperation>;
  /** Rows by the id of the intent that they carry. */
  rowsOf: Map<string, SeenOperation[]>;
  begun: Map<string, Line<"began">[]>;
  /** Lines by the id of the intent that the command carried. */
  begunOf: Map<string, Line<"began">[]>;
  ended: Map<string, Line<"ended">[]>;
  /** Receipts for the results of closes. */
  held: Map<string, Line<"held">[]>;
  /** First answer to a creation that names the operation, and the times of that request, by the operation's id. */
  accepted: Map<string, { operation: SeenOperation; sentAt: Instant; answeredAt: Instant }>;
}

/** Builds the indexes of a history. */
export function indexed(history: History): Indexed {
  const { client, agents, rows } = history;
  const creations = client.filter((event) => event.type === "create");
  const begun = agents.filter(isBegun);
  return {
    history,
    creations,
    cancellations: client.filter((event) => event.type === "cancel"),
    creationsOf: Map.groupBy(creations, ({ intent }) => intent.id),
    looksAt: Map.groupBy(
      client.filter((event) => event.type === "look"),
      ({ operationId }) => operationId,
    ),
    rows: new Map(rows.map((row) => [row.id, row])),
    rowsOf: Map.groupBy(rows, (row) => row.parameters?.operator_id ?? ""),
    begun: Map.groupBy(begun, ({ operationId }) => operationId),
    begunOf: Map.groupBy(begun, ({ wish }) => wish ?? ""),
    ended: Map.groupBy(
      agents.filter((line) => line.type === "ended"),
      ({ operationId }) => operationId,
    ),
    held: Map.groupBy(
      agents.filter((line) => line.type === "held"),
      ({ operationId }) => operationId,
    ),
    accepted: firstAnswers(creations),
  };
}

/** Whether the line records the begin of an execution. */
export function isBegun(line: AgentLine): line is Line<"began"> {
  return line.type === "began";
}

function firstAnswers(creations: Creation[]): Indexed["accepted"] {
  const first: Indexed["accepted"] = new Map();
  for (const creation of creations) {
    const operation = acceptedBy(creation);
    const known = operation && first.get(operation.id);
    const { sentAt, answeredAt } = creation;
    if (operation && !(known && known.answeredAt <= answeredAt))
      first.set(operation.id, { operation, sentAt, answeredAt });
  }
  return first;
}

/** Returns the operation in the answer to a creation, new or replayed for a repeated key. */
export function acceptedBy({ reply }: Creation): SeenOperation | undefined {
  return "status" in reply && [200, 201].includes(reply.status) ? reply.operation : undefined;
}

/** Returns all looks at the operation that were answered with it. */
export function sightings(index: Indexed, operationId: string): { look: Look; seen: SeenOperation }[] {
  return (index.looksAt.get(operationId) ?? []).flatMap((look) => {
    const seen = "status" in look.reply && look.reply.status === 200 ? look.reply.operation : undefined;
    return seen ? [{ look, seen }] : [];
  });
}
