import type { OpenConnection } from "@tillkeeper/agent/links/connection";
import type { Logger } from "@tillkeeper/agent/logger";
import { readMessage } from "@tillkeeper/agent/talk/wire";
import type { CommandMessage, ResultMessage, StartedMessage } from "@tillkeeper/contract/mqtt/messages";
import { networkFault } from "./network-fault.ts";

/** An event of an agent, as the command prints it. */
export type AgentEvent =
  | { event: "paired"; terminal_id: string; reference?: string }
  | { event: "trouble"; what: string; reason: string }
  | { event: "connected" | "disconnected" | "locked_out" | "memory_lost"; terminal_id: string }
  | { event: "operation"; operation_id: string; operation: string; state: "received" | "started" }
  | { event: "operation"; operation_id: string; operation: string; state: "COMPLETED" | "FAILED"; reason?: string };

/** Called with each event, as it happens. */
export type Emit = (event: AgentEvent) => void;

/** The line that an event prints: JSON, or words. */
export function lineOf(event: AgentEvent, json: boolean): string {
  if (json) return JSON.stringify(event);
  if (event.event === "trouble") return `${event.what} (${event.reason}); trying again`;
  if (event.event !== "operation") return [event.event, event.terminal_id].join(" ");
  const reason = "reason" in event && event.reason !== undefined ? [event.reason] : [];
  return ["operation", event.operation_id, event.operation, event.state, ...reason].join(" ");
}

/** Wraps `open`: the connection emits events for what passes through it. Copies of a message emit no further event. */
export function observed(open: OpenConnection, terminalId: string, emit: Emit): OpenConnection {
  const operations = new OperationEvents(emit);
  return (settings) => {
    const { events } = settings;
    const connection = open({
      ...settings,
      log: telling(settings.log, emit),
      events: {
        up: (session) => {
          emit({ event: "connected", terminal_id: terminalId });
          events.up(session);
        },
        down: () => {
          emit({ event: "disconnected", terminal_id: terminalId });
          events.down();
        },
        message: (channel, payload) => {
          const incoming = readMessage(channel, payload);
          if (incoming.channel === "command") operations.received(incoming.message);
          events.message(channel, payload);
        },
      },
    });
    return {
      send: (channel, message) => {
        if (channel === "started") operations.started(message as StartedMessage);
        if (channel === "result") operations.answered(message as ResultMessage);
        return connection.send(channel, message);
      },
      proved: () => connection.proved(),
      drop: () => connection.drop(),
      use: (credential) => connection.use(credential),
      close: () => connection.close(),
      destroy: () => connection.destroy(),
    };
  };
}

/** A connection logs each problem once, not at each attempt. Those of the network are events, too. */
function telling(log: Logger, emit: Emit): Logger {
  return {
    debug: (details, message) => log.debug(details, message),
    info: (details, message) => log.info(details, message),
    warn: (details, message) => {
      const reason = networkFault((details as { err?: unknown }).err);
      if (reason !== undefined) emit({ event: "trouble", what: "cannot connect", reason });
      log.warn(details, message);
    },
    error: (details, message) => log.error(details, message),
  };
}

class OperationEvents {
  readonly #emit: Emit;
  readonly #emitted = new Set<string>();
  readonly #names = new Map<string, string>();

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  received({ operation_id, operation }: CommandMessage): void {
    this.#names.set(operation_id, operation);
    this.#once({ event: "operation", operation_id, operation, state: "received" });
  }

  started({ operation_id }: StartedMessage): void {
    const operation = this.#names.get(operation_id) ?? "unknown";
    this.#once({ event: "operation", operation_id, operation, state: "started" });
  }

  answered(result: ResultMessage): void {
    const { operation_id, operation, status: state } = result;
    const reason = "reason" in result ? { reason: result.reason } : {};
    this.#once({ event: "operation", operation_id, operation, state, ...reason });
  }

  #once(event: AgentEvent & { event: "operation" }): void {
    const key = `${event.operation_id} ${event.state}`;
    if (this.#emitted.has(key)) return;
    this.#emitted.add(key);
    this.#emit(event);
  }
}
