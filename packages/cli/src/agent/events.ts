import type { CommandMessage, ResultMessage } from "@tillkeeper/contract/mqtt";
import type { OpenConnection } from "@tillkeeper/terminal/connection";
import { readMessage } from "@tillkeeper/terminal/wire";

/** What happens to an agent, for whoever watches it. */
export type AgentEvent =
  | { event: "paired"; terminal_id: string; reference?: string }
  | { event: "connected" | "disconnected" | "locked_out"; terminal_id: string }
  | { event: "operation"; operation_id: string; operation: string; state: "received" | "started" }
  | { event: "operation"; operation_id: string; operation: string; state: "COMPLETED" | "FAILED"; reason?: string };

export type Tell = (event: AgentEvent) => void;

/** One line per event: JSON, or words. */
export function lineOf(event: AgentEvent, json: boolean): string {
  if (json) return JSON.stringify(event);
  if (event.event !== "operation") return [event.event, event.terminal_id].join(" ");
  const reason = "reason" in event && event.reason !== undefined ? [event.reason] : [];
  return ["operation", event.operation_id, event.operation, event.state, ...reason].join(" ");
}

/** A way to connect that tells what goes through. Copies of what was told already are not told again. */
export function observed(open: OpenConnection, terminalId: string, tell: Tell): OpenConnection {
  const told = new Set<string>();
  const once = (event: AgentEvent & { event: "operation" }) => {
    const key = `${event.operation_id} ${event.state}`;
    if (told.has(key)) return;
    told.add(key);
    tell(event);
  };
  const operations = new Map<string, string>();
  return (settings) => {
    const { up, down, message } = settings.events;
    const connection = open({
      ...settings,
      events: {
        up: (session) => {
          tell({ event: "connected", terminal_id: terminalId });
          up(session);
        },
        down: () => {
          tell({ event: "disconnected", terminal_id: terminalId });
          down();
        },
        message: (channel, payload) => {
          const incoming = readMessage(channel, payload);
          if (incoming.channel === "command") {
            const { operation_id, operation }: CommandMessage = incoming.message;
            operations.set(operation_id, operation);
            once({ event: "operation", operation_id, operation, state: "received" });
          }
          message(channel, payload);
        },
      },
    });
    return {
      send: (channel, sent) => {
        if (channel === "started") {
          const { operation_id } = sent as { operation_id: string };
          const operation = operations.get(operation_id) ?? "unknown";
          once({ event: "operation", operation_id, operation, state: "started" });
        }
        if (channel === "result") {
          const result = sent as ResultMessage;
          const { operation_id, operation, status: state } = result;
          const reason = "reason" in result ? { reason: String(result.reason) } : {};
          once({ event: "operation", operation_id, operation, state, ...reason });
        }
        return connection.send(channel, sent);
      },
      proved: () => connection.proved(),
      drop: () => connection.drop(),
      use: (credential) => connection.use(credential),
      close: () => connection.close(),
      destroy: () => connection.destroy(),
    };
  };
}
