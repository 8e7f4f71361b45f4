import { Agent } from "@tillkeeper/agent/agent";
import type { OpenConnection } from "@tillkeeper/agent/links/connection";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import { readMessage } from "@tillkeeper/agent/talk/wire";
import { notifyParent } from "./serve-parent.ts";

/** What a terminal of a benchmark connects with. */
interface Access {
  url: string;
  address: string;
  password: string;
}

/** Agents that answer at once, or after a while, and count what they begin. */
export class BenchTerminals {
  readonly #agents: Agent[] = [];
  /** Ids of all operations for which a handler was called. */
  readonly #begun = new Set<string>();
  #begunTwice = 0;
  /** Milliseconds from beginning to answering a close: a random time between the two. */
  closesTake = { least: 0, most: 0 };

  /** Starts an agent; resolves when the server has sent it a welcome. */
  start(credential: Access, open: OpenConnection): Promise<void> {
    return new Promise((welcomed) => {
      const agent = new Agent({
        credential,
        agentName: "bench",
        handlers: {
          open_menu: { run: ({ operation_id: id }) => this.#openMenu(id) },
          end_of_day: { run: ({ operation_id: id }) => this.#endOfDay(id) },
        },
        journal: memoryJournal(undefined),
        open: (settings) =>
          open({
            ...settings,
            events: {
              up: (session) => settings.events.up(session),
              down: () => settings.events.down(),
              message: (channel, payload) => {
                settings.events.message(channel, payload);
                if (channel === "welcome") welcomed();
                if (channel === "receipt") reportReceipt(payload);
              },
            },
          }),
      });
      this.#agents.push(agent);
      agent.start();
    });
  }

  counted(): { begun: number; begunTwice: number } {
    return { begun: this.#begun.size, begunTwice: this.#begunTwice };
  }

  /** Stops all agents; each says goodbye to the server. */
  async stop(): Promise<void> {
    await Promise.all(this.#agents.splice(0).map((agent) => agent.stop()));
  }

  #note(operationId: string): void {
    if (this.#begun.has(operationId)) this.#begunTwice += 1;
    this.#begun.add(operationId);
  }

  async #endOfDay(operationId: string) {
    this.#note(operationId);
    const { least, most } = this.closesTake;
    if (most > 0) await new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));
    const result = {
      outcome: "accepted" as const,
      batch_id: operationId.slice(-12),
      sale_amount: 12_345,
      currency: "NOK",
    };
    return { status: "COMPLETED" as const, result };
  }

  async #openMenu(operationId: string) {
    this.#note(operationId);
    return { status: "COMPLETED" as const, result: { opened: true } };
  }
}

/** Notifies the parent of a receipt: the key is the operation's id, the value the state that the server stored. */
function reportReceipt(payload: Uint8Array): void {
  const incoming = readMessage("receipt", payload);
  if (incoming.channel === "receipt") notifyParent(incoming.message.operation_id, incoming.message.status);
}
