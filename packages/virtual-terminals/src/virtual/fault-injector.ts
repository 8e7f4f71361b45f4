import { timestamp } from "@tillkeeper/agent/clock";
import type { Connection, ConnectionSettings, OpenConnection } from "@tillkeeper/agent/links/connection";
import type { Operation } from "@tillkeeper/agent/operations/operation";
import { readMessage } from "@tillkeeper/agent/talk/wire";
import type { CommandMessage, DeliveredMessage, ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { UpChannel } from "@tillkeeper/contract/mqtt/topics";
import type { VirtualCondition } from "./condition.ts";
import type { Fault } from "./faults.ts";
import type { VirtualPayments } from "./payments.ts";

export interface FaultInjectorOptions {
  faultOf: (operation: Operation) => Fault | "unknown" | undefined;
  payments: VirtualPayments;
  condition: VirtualCondition;
  /** Called when a fault cuts the terminal's power. */
  restart: () => void;
  /** Called when a fault closes the day by hand at the terminal. */
  closeByHand: () => void;
}

/** Plays the faults of a virtual terminal that are in its messages and its connection, and not in its handlers. */
export class FaultInjector {
  readonly #options: FaultInjectorOptions;
  /** The fault of each operation until its receipt; `spent` after a fault that happens once has happened. */
  readonly #faults = new Map<string, Fault | "spent">();
  readonly #waitingForLink = new Set<() => void>();

  constructor(options: FaultInjectorOptions) {
    this.#options = options;
  }

  /** Wraps a connection so that its messages go through the faults. */
  through(open: OpenConnection): OpenConnection {
    return (settings) => {
      const ignored = ({ operation_id }: CommandMessage) => {
        const message: DeliveredMessage = { operation_id, received_at: timestamp(settings.clock.now()) };
        void connection.send("delivered", message);
      };
      const connection = open({ ...settings, events: this.#events(settings.events, ignored) });
      return {
        send: (channel, message) => this.#send(connection, channel, message),
        proved: () => connection.proved(),
        drop: () => connection.drop(),
        use: (credential) => connection.use(credential),
        close: () => connection.close(),
        destroy: () => connection.destroy(),
      };
    };
  }

  /**
   * Resolves when the connection comes up after this call; rejects with the signal's reason when the signal is aborted.
   */
  nextLink(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waitingForLink.delete(onUp);
        reject(signal.reason);
      };
      const onUp = () => {
        this.#waitingForLink.delete(onUp);
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      if (signal.aborted) return reject(signal.reason);
      this.#waitingForLink.add(onUp);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #events(
    events: ConnectionSettings["events"],
    ignored: (command: CommandMessage) => void,
  ): ConnectionSettings["events"] {
    return {
      up: (session) => {
        events.up(session);
        for (const onUp of this.#waitingForLink) onUp();
      },
      down: () => events.down(),
      message: (channel, payload) => {
        const incoming = readMessage(channel, payload);
        if (incoming.channel === "receipt") this.#faults.delete(incoming.message.operation_id);
        if (incoming.channel === "command" && !this.#admits(incoming.message)) return ignored(incoming.message);
        events.message(channel, payload);
      },
    };
  }

  /** Whether a command may reach the agent. Side effects of its fault begin with the first copy of the command. */
  #admits(command: CommandMessage): boolean {
    const { faultOf, payments, condition, closeByHand } = this.#options;
    const fault = faultOf(command);
    if (fault === undefined || fault === "unknown" || this.#faults.has(command.operation_id)) return true;
    if (fault === "no_answer") return false;
    this.#faults.set(command.operation_id, fault);
    if (fault === "busy_payment") payments.begin(command);
    if (fault === "silent") condition.fallSilent();
    if (fault === "by_hand" && command.operation === "end_of_day") closeByHand();
    return true;
  }

  async #send(connection: Connection, channel: UpChannel, message: object): Promise<void> {
    if (signsOfLife.has(channel) && this.#options.condition.silent) return;
    const id = "operation_id" in message ? String(message.operation_id) : "";
    const fault = this.#faults.get(id);
    const sent = connection.send(channel, message);
    if (channel === "result") {
      this.#options.payments.end(id);
      this.#options.condition.answered(message as ResultMessage, fault);
    }
    if (fault === "twice" && sentTwice.has(channel)) await connection.send(channel, message);
    if (channel !== "started" || (fault !== "disconnect" && fault !== "restart")) return sent;
    this.#faults.set(id, "spent");
    await sent;
    if (fault === "disconnect") connection.drop();
    else this.#options.restart();
  }
}

const signsOfLife: ReadonlySet<UpChannel> = new Set(["heartbeat", "probe_answer"]);
const sentTwice: ReadonlySet<UpChannel> = new Set(["started", "result"]);
