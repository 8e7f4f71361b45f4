import { Agent } from "@tillkeeper/agent/agent";
import { systemClock, timestamp } from "@tillkeeper/agent/clock";
import type { Credential, OpenConnection } from "@tillkeeper/agent/links/connection";
import { openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import { type Journal, memoryJournal } from "@tillkeeper/agent/memory/journal";
import type { LastBatch, Operation, OperationHandlers } from "@tillkeeper/agent/operations/operation";
import type { Condition } from "../plan/faults.ts";
import type { DeviceHistory } from "./history.ts";

const currency = "NOK";
const repeat = { firstMs: 500, longestMs: 4_000 };

type Answer = Awaited<ReturnType<NonNullable<OperationHandlers["end_of_day"]>["run"]>>;

/**
 * One device: the agent library over MQTT, with a batch of its own, which it closes when it is told to, and a history of what it
 * did. Its memory outlives its power, as a disk does.
 */
export class Terminal {
  readonly history: DeviceHistory = { sales: [], closes: [] };
  readonly #credential: Credential;
  readonly #journal: Journal;
  readonly #now: () => number;
  #agent: Agent | undefined;
  #condition: Condition = "off";
  #welcomed = false;
  #died = false;
  #open = { number: 1, count: 0, amount: 0, oldestAt: 0 };
  #last: (LastBatch & { operationId: string }) | undefined;

  constructor(credential: Credential & { address: string }, now: () => number) {
    this.#credential = credential;
    this.#journal = memoryJournal(undefined, credential.address);
    this.#now = now;
  }

  get condition(): Condition {
    return this.#condition;
  }

  /** Whether it hears what it is told, and answers. */
  get reachable(): boolean {
    return this.#agent !== undefined && this.#condition !== "silent" && !this.#died;
  }

  /** Whether it is as connected as its condition lets it be. */
  get settled(): boolean {
    return this.#agent === undefined || this.#welcomed;
  }

  /** When it last closed its batch; 0 if it never did. */
  get closedAt(): number {
    return this.history.closes.findLast(({ batch }) => batch)?.at ?? 0;
  }

  get openCount(): number {
    return this.#open.count;
  }

  /** Puts it into a condition. Resolves when its agent has ended, if it has to. */
  async be(condition: Condition): Promise<void> {
    const former = this.#condition;
    if (condition === former) return;
    this.#condition = condition;
    if (condition === "off" || condition === "away") return this.#end(condition);
    this.#died = false;
    if (!this.#agent) this.#begin();
    else if (former === "silent") this.#agent.reportSoon();
  }

  /** Sends a heartbeat. */
  say(): void {
    this.#agent?.reportSoon();
  }

  /** Takes payments. */
  sell(count: number, amount: number): void {
    const at = this.#now();
    if (this.#open.count === 0) this.#open.oldestAt = at;
    this.#open.count += count;
    this.#open.amount += amount;
    this.history.sales.push({ at, count, amount });
    this.#agent?.openBatchChanged();
  }

  #begin(): void {
    this.#welcomed = false;
    this.#agent = new Agent({
      credential: this.#credential,
      agentName: "tillkeeper-year",
      handlers: this.#handlers(),
      journal: this.#journal,
      clock: { ...systemClock, now: this.#now },
      repeat,
      open: this.#openConnection,
      payments: {
        underWay: () => this.#condition === "busy",
        over: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
      },
      telemetry: () => ({
        open_batch: {
          transactions_count: this.#open.count,
          ...(this.#open.count > 0 && { oldest_at: timestamp(this.#open.oldestAt) }),
        },
      }),
    });
    this.#agent.start();
  }

  async #end(how: "off" | "away"): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await (how === "off" ? agent?.stop() : agent?.kill());
  }

  readonly #openConnection: OpenConnection = (settings) => {
    const { events } = settings;
    const isMute = () => this.#condition === "silent" || this.#died;
    const connection = openMqttConnection({
      ...settings,
      events: {
        ...events,
        message: (channel, payload) => {
          if (isMute()) return;
          if (channel === "welcome") this.#welcomed = true;
          events.message(channel, payload);
        },
      },
    });
    return {
      ...boundOf(connection),
      send: (channel, message) => (isMute() ? Promise.resolve() : connection.send(channel, message)),
    };
  };

  #handlers(): OperationHandlers {
    return {
      check_update: {
        run: async () => ({
          status: "COMPLETED",
          result: { current_version: "1", latest_version: "1", update_available: false, configuration_version: "1" },
        }),
      },
      end_of_day: {
        run: (operation) => this.#close(operation),
        recover: async ({ operation_id: id }) => {
          if (this.#last?.operationId !== id) return undefined;
          const { operationId: _, closed_at: __, ...result } = this.#last;
          return { status: "COMPLETED", result: { outcome: "accepted", ...result } };
        },
        lastBatch: async () => {
          if (!this.#last) return undefined;
          const { operationId: _, ...last } = this.#last;
          return last;
        },
      },
    };
  }

  async #close({ operation_id: operationId }: Operation): Promise<Answer> {
    const at = this.#now();
    const { closes } = this.history;
    if (this.#condition === "host") {
      closes.push({ at, operationId, outcome: "host" });
      return { status: "FAILED", reason: "host_unreachable" };
    }
    if (this.#condition === "device") {
      closes.push({ at, operationId, outcome: "device" });
      return { status: "FAILED", reason: "device_error", error: { code: "broken", message: "It is broken" } };
    }
    const { number, count, amount } = this.#open;
    const dies = this.#condition === "dies";
    const id = String(number).padStart(6, "0");
    closes.push({ at, operationId, outcome: dies ? "died" : "closed", batch: { id, count, amount } });
    const result = {
      outcome: "accepted" as const,
      batch_id: id,
      last_end_of_day_at: timestamp(at),
      purchases_count: count,
      purchases_amount: amount,
      reversals_count: 0,
      reversals_amount: 0,
      tip_amount: 0,
      sale_amount: amount,
      currency,
    };
    this.#open = { number: number + 1, count: 0, amount: 0, oldestAt: 0 };
    this.#last = { ...result, closed_at: timestamp(at), operationId };
    if (!dies) return { status: "COMPLETED", result };
    this.#died = true;
    const agent = this.#agent;
    this.#agent = undefined;
    // Not awaited: the agent waits for this very handler.
    void agent?.kill();
    return new Promise(() => {});
  }
}

/** The methods of a connection as functions, of which one can be replaced. */
function boundOf(connection: ReturnType<OpenConnection>): ReturnType<OpenConnection> {
  return {
    send: (channel, message) => connection.send(channel, message),
    proved: () => connection.proved(),
    drop: () => connection.drop(),
    use: (credential) => connection.use(credential),
    close: () => connection.close(),
    destroy: () => connection.destroy(),
  };
}
