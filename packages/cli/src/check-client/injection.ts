import { type Answer, type Exchange, isOperationPost, keyOf } from "./exchange.ts";
import type { Fault } from "./trouble.ts";

interface Command {
  parameters?: { operator_id?: string };
  timeout?: number;
}

/**
 * Gives the terminal a fault in the operation that a request sends, by a parameter of virtual terminals. The program
 * never sees it: answers show the parameters that it sent.
 */
export class Injection {
  /** By idempotency key: a request that is sent again has to be the same for the server. */
  readonly #faults = new Map<string, Fault>();
  /** By operation: the parameters that the program sent. */
  readonly #parameters = new Map<string, Command["parameters"]>();

  /** The body to send to the server in place of the program's. */
  bodyFor(exchange: Exchange, text: Buffer, fault: Fault | undefined): Buffer {
    if (!isOperationPost(exchange) || !isObject(exchange.body)) return text;
    const key = keyOf(exchange);
    const chosen = (key !== undefined && this.#faults.get(key)) || fault;
    if (!chosen) return text;
    if (key !== undefined) this.#faults.set(key, chosen);
    const { name, timeout } = chosen;
    const command: Command = {
      ...exchange.body,
      parameters: { ...(exchange.body as Command).parameters, operator_id: `simulate:${name}` },
      ...(timeout !== undefined && { timeout }),
    };
    return Buffer.from(JSON.stringify(command));
  }

  /** The answer without traces of a fault. */
  hide(exchange: Exchange, answer: Answer): Answer {
    if (!isObject(answer.body)) return answer;
    if (isOperationPost(exchange) && answer.status === 201) {
      const { id } = answer.body as { id: string };
      this.#parameters.set(id, (exchange.body as Command).parameters);
    }
    return { ...answer, body: this.#restored(answer.body) };
  }

  #restored(body: unknown): unknown {
    if (Array.isArray(body)) return body.map((item) => this.#restored(item));
    if (!isObject(body)) return body;
    const { parameters, ...rest } = body as Command & { id?: string };
    if (!parameters?.operator_id?.startsWith("simulate:")) return body;
    const sent = this.#parameters.get(rest.id ?? "");
    return sent === undefined ? rest : { ...rest, parameters: sent };
  }
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === "object";
}
