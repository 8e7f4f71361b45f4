import type {
  CancelMessage,
  CommandMessage,
  Messages,
  ResultMessage,
  WelcomeMessage,
} from "@tillkeeper/contract/mqtt/messages";
import type { CheckServer } from "../../src/check-agent/check-server.ts";
import type { Device } from "../../src/check-agent/device.ts";
import { type Fault, longWorkers } from "./faults.ts";
import { versions, withFiles } from "./small-files.ts";
import { closeByHand, type Entry, SmallJournal, SmallReader } from "./small-journal.ts";
import { type Run, repeatMs, SmallLink } from "./small-link.ts";

const workMs = 30;
/** Long enough for the case to act during the work. */
const longWorkMs = 4_000;
const slowWriteMs = 500;
const bootMs = 50;
const operations = new Set(["check_update", "open_menu", "end_of_day", "send_logs"]);
const abilities = [...operations].map((operation) => ({ operation, max_seconds: longWorkMs / 2_000 }));

type Answer = Partial<ResultMessage>;

/**
 * An agent of level 2 with a password, in memory and without processes. It keeps all laws except those of its faults.
 */
export class SmallAgent implements Device {
  readonly #referee: CheckServer;
  readonly #faults: ReadonlySet<Fault>;
  readonly #journal = new SmallJournal();
  readonly #reader = new SmallReader();
  /** The addresses for which it has begun a journal. They survive the loss of the journal. */
  readonly #begunAs = new Set<string>();
  #run: Run | undefined;

  constructor(referee: CheckServer, ...faults: Fault[]) {
    this.#referee = referee;
    this.#faults = new Set(faults);
  }

  readonly journal = {
    copy: async (): Promise<void> => this.#journal.copy(),
    restore: async (): Promise<void> => this.#journal.restore(),
    remove: async (): Promise<void> => this.#journal.remove(),
  };

  async start(): Promise<void> {
    const { address } = this.#referee.identity;
    const isLost = this.#begunAs.has(address) && address !== this.#journal.address;
    if (isLost && !this.#has("begins a lost journal anew")) return this.#referee.deviceStopped();
    if (address !== this.#journal.address) this.#journal.moveTo(address, this.#has("another order at a new address"));
    this.#begunAs.add(address);
    const link = new SmallLink(this.#referee, address, (fault) => this.#has(fault), {
      up: () => this.#connected(),
      heard: (channel, payload) => this.#receive(channel, payload),
    });
    this.#run = {
      link,
      connections: 0,
      welcomed: false,
      clockMs: 0,
      memory: undefined,
      queue: [],
      running: new Set(),
      told: new Set(),
    };
    this.#afterCrash(this.#run);
  }

  async cut(): Promise<void> {
    if (this.#has("journal not on the disk")) this.#journal.loseLast();
    if (this.#has("forgets what it has begun")) this.#journal.begin(undefined);
    await this.end();
  }

  async stop(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    await run?.link.stop(!this.#has("no goodbye"));
  }

  async closeByHand(): Promise<void> {
    this.#reader.close();
  }

  async end(): Promise<void> {
    this.#run?.link.destroy();
    this.#run = undefined;
  }

  #has(fault: Fault): boolean {
    return this.#faults.has(fault);
  }

  #connected(): void {
    const run = this.#run;
    if (!run) return;
    run.connections += 1;
    if (this.#has("hello once only for all connections") && run.connections > 1) return;
    this.#sendHello(run);
    if (this.#has("heartbeat before the welcome")) run.link.beat(run.memory);
  }

  #sendHello(run: Run): void {
    const answered = this.#has("hello names the answered") ? this.#journal.entries.slice(-1) : [];
    const begun = [...run.running, ...answered.map(({ operation_id }) => operation_id)];
    run.link.say("hello", {
      protocol: 1,
      agent: "small-agent/1",
      sent_at: new Date().toISOString(),
      session: run.link.session,
      operations: [
        ...run.queue.map(({ operation_id }) => ({ operation_id, phase: "delivered" })),
        ...begun.map((operation_id) => ({ operation_id, phase: "started" })),
      ],
      abilities: this.#has("does what it cannot do") ? abilities.slice(1) : abilities,
    });
    if (this.#has("one hello, welcome or not")) return;
    const { link, memory } = run;
    const { current } = link;
    link.later(repeatMs, () => {
      if (run.memory === memory && link.current === current) this.#sendHello(run);
    });
  }

  #receive(channel: string, payload: Buffer): void {
    const run = this.#run;
    if (!run) return;
    try {
      this.#handle(run, channel, JSON.parse(payload.toString("utf8")));
    } catch {
      if (this.#has("stumbles over nonsense")) run.link.rest();
    }
  }

  #handle(run: Run, channel: string, message: unknown): void {
    switch (channel) {
      case "welcome":
        return this.#welcomed(run, message as WelcomeMessage);
      case "command":
        return this.#command(run, message as CommandMessage);
      case "cancel":
        return this.#cancel(run, message as CancelMessage);
      case "receipt":
      case "memory":
        return this.#reportedMemory(run, message as Messages["memory"], channel);
      case "probe": {
        const { probe_id } = message as Messages["probe"];
        if (typeof probe_id === "string" && !this.#has("deaf to probes")) run.link.say("probe_answer", { probe_id });
      }
    }
  }

  #welcomed(run: Run, { server_time, memory, heartbeat_seconds = 30 }: WelcomeMessage): void {
    if (typeof memory.number !== "number") throw new Error("no memory");
    if (this.#journal.contradicts(memory) && !this.#has("closes by an old journal")) {
      run.welcomed = false;
      if (!this.#has("stays with an old journal")) void run.link.stop(false);
      return;
    }
    run.clockMs = this.#has("its own clock") ? 0 : Date.parse(server_time) - Date.now();
    const held = this.#has("tells what the server holds") ? { number: 0 } : memory;
    run.memory = this.#has("ignores memory") && run.memory ? run.memory : held;
    run.welcomed = true;
    run.told.clear();
    run.link.beats(() => run.memory, heartbeat_seconds);
    this.#sendResults(run);
    this.#beginNext(run);
  }

  #reportedMemory(run: Run, { memory }: Messages["memory"], channel: string): void {
    if (typeof memory.number !== "number") throw new Error("no memory");
    if (channel === "memory" && this.#has("ignores memory")) return;
    if (run.memory && memory.number < run.memory.number) run.told.clear();
    run.memory = memory;
    this.#sendResults(run);
  }

  #sendResults(run: Run): void {
    if (!run.memory) return;
    const { number } = run.memory;
    const rest = this.#journal.entries.filter((entry) => entry.number > number);
    for (const entry of rest) if (!run.told.has(entry.number)) this.#sendResult(run, entry);
    if (rest.length === 0 || this.#has("tells each result once")) return;
    run.link.later(repeatMs, () => {
      if (run.memory?.number !== number) return;
      for (const entry of rest) run.told.delete(entry.number);
      this.#sendResults(run);
    });
  }

  #sendResult({ link, told }: Run, entry: Entry): void {
    told.add(entry.number);
    const finished_at = this.#has("copies differ") ? new Date().toISOString() : entry.finished_at;
    link.say("result", {
      ...entry,
      finished_at: this.#has("foul result") ? "just now" : finished_at,
      ...(this.#has("after where nothing was dropped") && { after: 0 }),
    });
  }

  #command(run: Run, command: CommandMessage): void {
    const { operation_id: id, operation, expires_at } = command;
    if (typeof id !== "string" || Number.isNaN(Date.parse(expires_at))) throw new Error("no command");
    const entry = this.#journal.find(id);
    if (entry && this.#has("does not know answered commands"))
      return this.#answer(run, command, { status: "FAILED", reason: "refused" });
    if (entry && !(entry.reason === "cancelled" && this.#has("begins what was cancelled"))) {
      if (entry.number <= (run.memory?.number ?? 0)) this.#sendResult(run, entry);
      return;
    }
    const isKnown = run.running.has(id) || run.queue.some((one) => one.operation_id === id);
    if (isKnown && !this.#has("begins copies")) return;
    run.queue.push(command);
    if (run.running.size > 0 || !this.#mayBegin(run, operation))
      run.link.say("delivered", { operation_id: id, received_at: new Date().toISOString() });
    this.#beginNext(run);
  }

  #mayBegin({ welcomed }: Run, operation: string): boolean {
    return welcomed || operation !== "end_of_day" || this.#has("closes before the welcome");
  }

  #beginNext(run: Run): void {
    const isCareless = this.#has("two at once") || this.#has("begins copies");
    if (run.running.size > 0 && !isCareless) return;
    const place = run.queue.findIndex(({ operation }) => this.#mayBegin(run, operation));
    const [command] = place === -1 ? [] : run.queue.splice(place, 1);
    if (!command) return;
    const refusal = this.#refusalOf(run, command);
    if (!refusal) return this.#begin(run, command);
    this.#answer(run, command, refusal);
    this.#beginNext(run);
  }

  #refusalOf({ clockMs }: Run, command: CommandMessage): Answer | undefined {
    const { operation, parameters, when_busy = "fail", expires_at } = command;
    const isKnown = operations.has(operation) && ["fail", "wait"].includes(when_busy);
    const isStrange = Object.keys(parameters).some((name) => name !== "operator_id");
    if ((!isKnown || isStrange) && !this.#has("knows every word")) return { status: "FAILED", reason: "unsupported" };
    const isLate = Date.now() + clockMs >= Date.parse(expires_at);
    if (isLate && !this.#has("never late")) return { status: "FAILED", reason: "expired" };
    return operation === "end_of_day" ? this.#closeRefusal(command) : undefined;
  }

  #closeRefusal({ origin, previous_close }: Pick<CommandMessage, "origin" | "previous_close">): Answer | undefined {
    const first = this.#has("forgets requests") ? undefined : this.#journal.ofRequest(origin.request);
    if (first) {
      const { started_at, finished_at: _, ...came } = first;
      const begun = this.#has("tells a repetition as begun") && started_at !== undefined ? { started_at } : {};
      return { ...came, ...begun, repeats: first.repeats ?? first.operation_id };
    }
    const batch = this.#reader.lastBatch;
    if (batch !== this.#journal.batch && !this.#has("asks no reader")) this.#journal.add(closeByHand(batch));
    const last = this.#journal.lastClose;
    if (this.#has("never out of step") || previous_close === (last ?? null)) return undefined;
    const isNamed = last !== undefined && !this.#has("does not say the last close");
    return { status: "FAILED", reason: "out_of_step", ...(isNamed && { last_close: last }) };
  }

  #begin(run: Run, command: CommandMessage): void {
    const { operation_id: id } = command;
    const started_at = new Date().toISOString();
    run.running.add(id);
    this.#journal.begin({ command, startedAt: started_at });
    const writeMs = this.#has("refuses to cancel what is only written") ? slowWriteMs : 0;
    if (writeMs > 0) run.link.later(writeMs, () => this.#work(run, command, started_at));
    else this.#work(run, command, started_at);
    this.#beginNext(run);
  }

  #work(run: Run, command: CommandMessage, started_at: string): void {
    const { operation_id: id } = command;
    if (!this.#has("does not say started")) run.link.say("started", { operation_id: id, started_at });
    const takesMs = longWorkers.some((fault) => this.#has(fault)) ? longWorkMs : workMs;
    run.link.later(takesMs, () => void this.#finish(run, command, started_at));
  }

  async #finish(run: Run, command: CommandMessage, started_at: string): Promise<void> {
    const { operation_id: id, operation, transfer } = command;
    if (!run.running.has(id) && !this.#has("begins copies")) return;
    const files = transfer && (await withFiles(command, (fault) => this.#has(fault)));
    if (this.#run !== run) return;
    run.running.delete(id);
    const batch = operation === "end_of_day" ? this.#reader.close() : "";
    this.#answer(run, command, {
      started_at,
      ...(files ?? { status: "COMPLETED", result: resultOf(operation, batch) }),
    });
    this.#beginNext(run);
  }

  #answer(run: Run, { operation_id, operation, origin }: CommandMessage | CancelMessage, more: Answer): void {
    const finished_at = new Date().toISOString();
    const kept = this.#has("origin dropped") ? {} : { origin };
    const { number: _, origin: __, ...rest } = more;
    const result = { finished_at, ...rest, operation_id, operation, ...kept } as ResultMessage;
    this.#journal.add(result, this.#has("leaves out a number") ? 2 : 1);
    this.#sendResults(run);
  }

  #cancel(run: Run, cancel: CancelMessage): void {
    const { operation_id: id } = cancel;
    if (typeof id !== "string" || typeof cancel.operation !== "string") throw new Error("no cancel");
    const entry = this.#journal.find(id);
    if (entry) return this.#has("deaf to late cancels") ? undefined : this.#sendResult(run, entry);
    if (run.running.has(id)) {
      if (this.#has("drops what is cancelled too late")) run.running.delete(id);
      return run.link.say("cancel_refused", { operation_id: id });
    }
    run.queue = run.queue.filter((one) => one.operation_id !== id);
    const compares = cancel.operation === "end_of_day" && !this.#has("gives a close up without comparing");
    const refusal = compares ? this.#closeRefusal(cancel) : undefined;
    return this.#answer(run, cancel, refusal ?? { status: "FAILED", reason: "cancelled" });
  }

  #afterCrash(run: Run): void {
    const { begun } = this.#journal;
    if (!begun) return;
    const { command, startedAt } = begun;
    this.#journal.begin(undefined);
    if (this.#has("begins anew after a crash")) return run.link.later(bootMs, () => this.#begin(run, command));
    const isUnknown = command.operation === "end_of_day" && !this.#has("a crash is a failed close");
    const error = { code: "interrupted", message: "the power went" };
    const failed = { status: "FAILED", reason: "device_error", error, started_at: startedAt } as const;
    this.#answer(run, command, { ...failed, ...(isUnknown && { unknown_end: true as const }) });
  }
}

function resultOf(operation: string, batch: string): object {
  if (operation === "end_of_day") return { outcome: "accepted", batch_id: batch };
  if (operation === "open_menu") return { opened: true };
  return versions("1.0.0");
}
