import {
  type Answer,
  type Exchange,
  isOperationPost,
  isOperationRead,
  keyOf,
  operationIdOf,
  sortedText,
} from "./exchange.ts";

/** How the program ended. */
export interface Exit {
  /** The exit code; null after a signal. */
  code: number | null;
  /** It was ended because the time of the scenario was over. */
  outOfTime: boolean;
}

/** An operation that the server has accepted from the program. */
export interface SentOperation {
  id: string;
  terminalId: string;
  operation: string;
  key: string | undefined;
  /** The first request that was answered with it. */
  post: Exchange;
}

/** What an answer showed the program of an operation. */
export interface Sighting {
  id: string;
  status: string;
  /** The status of `late_result`. */
  late: string | undefined;
  /** When the answer went out. */
  at: number;
  exchange: Exchange;
}

/** All that the program did in one scenario. */
export class RunLog {
  readonly scenario: string;
  readonly exchanges: Exchange[] = [];
  exit: Exit | undefined;
  readonly #begunAt = performance.now();
  #endedAt: number | undefined;

  constructor(scenario: string) {
    this.scenario = scenario;
  }

  /** Milliseconds since the scenario began. */
  now(): number {
    return performance.now() - this.#begunAt;
  }

  /** Notes the end of the scenario; later requests are not the scenario's. */
  end(): void {
    this.#endedAt ??= this.now();
  }

  /** How long the scenario lasted, or has lasted so far, in milliseconds. */
  get lasted(): number {
    return this.#endedAt ?? this.now();
  }

  /** Whether the program ended by itself. */
  get endedByItself(): boolean {
    return this.exit !== undefined && !this.exit.outOfTime;
  }

  get posts(): Exchange[] {
    return this.exchanges.filter(isOperationPost);
  }

  get reads(): Exchange[] {
    return this.exchanges.filter(isOperationRead);
  }

  /** The operations of the program, each once, whether it has received the answer or not. */
  get operations(): SentOperation[] {
    const found = new Map<string, SentOperation>();
    for (const post of this.posts) {
      const accepted = acceptedBy(post.answer) ?? acceptedBy(post.lostAnswer);
      if (!accepted || found.has(accepted.id)) continue;
      const { id, terminal_id: terminalId, operation } = accepted;
      found.set(id, { id, terminalId, operation, key: keyOf(post), post });
    }
    return [...found.values()];
  }

  /** What the program was shown of operations, in order. */
  get sightings(): Sighting[] {
    const shown = this.exchanges.filter((one) => isOperationPost(one) || isOperationRead(one));
    return shown
      .flatMap((exchange) => {
        const { answer, endedAt = exchange.at } = exchange;
        return operationsIn(answer).map(({ id, status, late_result: late }) => ({
          id,
          status,
          late: late?.status,
          at: endedAt,
          exchange,
        }));
      })
      .toSorted((a, b) => a.at - b.at);
  }

  /** When the program was first shown the end of an operation, and which. */
  endSeen(id: string): Sighting | undefined {
    return this.sightings.find((one) => one.id === id && one.status !== "PENDING");
  }

  /** The requests that read this very operation, by its id. */
  readsOf(id: string): Exchange[] {
    return this.reads.filter((read) => operationIdOf(read) === id);
  }
}

/** The fields of a shown operation that rules look at. */
interface ShownOperation {
  id: string;
  terminal_id: string;
  operation: string;
  status: string;
  late_result?: { status: string };
}

function acceptedBy(answer: Answer | undefined): ShownOperation | undefined {
  return answer?.status === 201 ? operationsIn(answer)[0] : undefined;
}

/** The operations that an answer shows. */
export function operationsIn(answer: Answer | undefined): ShownOperation[] {
  const items: unknown[] = Array.isArray(answer?.body) ? answer.body : [answer?.body];
  return items.filter((item): item is ShownOperation => {
    const { id, terminal_id: terminal, status } = (item ?? {}) as Partial<ShownOperation>;
    return typeof id === "string" && typeof terminal === "string" && typeof status === "string";
  });
}

/** Whether two posts ask the same of the same terminal, whichever of the two bases they use. */
export function sameCommand(one: Exchange, other: Exchange): boolean {
  return sortedText(one.body) === sortedText(other.body);
}

/** The terminal and the operation that a post names, as one text. */
export function commandOf({ body }: Exchange): string {
  const { terminal_id: terminal, operation } = (body ?? {}) as Partial<ShownOperation>;
  return `${operation} of ${terminal}`;
}
