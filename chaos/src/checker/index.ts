import type { AgentLine, Cancellation, Creation, History, Look, SeenOperation } from "./history.ts";

/** A history with the ways into it that the checks need. */
export interface Indexed {
  history: History;
  creations: Creation[];
  cancellations: Cancellation[];
  /** By the id of the intent. */
  creationsOf: Map<string, Creation[]>;
  looksAt: Map<string, Look[]>;
  rows: Map<string, SeenOperation>;
  /** By the intent's id that the row carries. */
  rowsOf: Map<string, SeenOperation[]>;
  begun: Map<string, AgentLine[]>;
  ended: Map<string, Extract<AgentLine, { type: "ended" }>[]>;
}

export function indexed(history: History): Indexed {
  const { client, agents, rows } = history;
  const creations = client.filter((event) => event.type === "create");
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
    begun: Map.groupBy(
      agents.filter(({ type }) => type === "began"),
      ({ operationId }) => operationId,
    ),
    ended: Map.groupBy(
      agents.filter((line) => line.type === "ended"),
      ({ operationId }) => operationId,
    ),
  };
}

/** The operation that a creation was answered with, fresh or replayed. */
export function acceptedBy({ reply }: Creation): SeenOperation | undefined {
  return "status" in reply && [200, 201].includes(reply.status) ? reply.operation : undefined;
}

/** What the clients have learnt of the operation without a doubt: each look that was answered with it. */
export function sightings(index: Indexed, operationId: string): { look: Look; seen: SeenOperation }[] {
  return (index.looksAt.get(operationId) ?? []).flatMap((look) => {
    const seen = "status" in look.reply && look.reply.status === 200 ? look.reply.operation : undefined;
    return seen ? [{ look, seen }] : [];
  });
}
