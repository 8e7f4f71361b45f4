import type { DeviceMessagesAnswer } from "@tillkeeper/contract/http/device-messages";
import { limits } from "@tillkeeper/contract/limits";
import type { UpChannel } from "@tillkeeper/contract/mqtt";
import { type Credential, current } from "./connection.ts";

const waitSeconds = limits.longPollWaitSecondsMax;
/** Beyond the time that the server may hold an answer back. */
const slackMs = 10_000;

type Heard = DeviceMessagesAnswer["messages"];

interface Saying {
  channel: UpChannel;
  message: object;
  over: () => void;
}

/** Another session with this address has asked for its messages: perhaps another device has come as this one. */
export class SessionReplaced extends Error {}

/** One session over HTTPS: one request waits for messages, another carries what is said. It ends when either fails. */
export class LongPollLink {
  readonly #credential: Credential;
  readonly #hear: (messages: Heard) => void;
  /** Names the link to the server, as presence knows it. */
  readonly session: string;
  readonly #end = new AbortController();
  #said: Saying[] = [];
  #saying: Promise<void> | undefined;

  constructor(session: string, credential: Credential, hear: (messages: Heard) => void) {
    this.session = session;
    this.#credential = credential;
    this.#hear = hear;
  }

  /** Asks for messages until something fails, and rejects with that. `up` is called after the first answer. */
  async listen(up: () => void): Promise<never> {
    try {
      // The first is not held back: it tells that the link is there.
      this.#hear(await this.#exchange({}));
      up();
      for (;;) this.#hear(await this.#exchange({ wait_seconds: waitSeconds }));
    } finally {
      this.end();
    }
  }

  /** Resolves when the server has it, or the link is gone. */
  say(channel: UpChannel, message: object): Promise<void> {
    return new Promise((over) => {
      this.#said.push({ channel, message, over });
      this.#saying ??= this.#sayAll().finally(() => {
        this.#saying = undefined;
      });
    });
  }

  /** Resolves when nothing is left to say. */
  async said(): Promise<void> {
    while (this.#saying) await this.#saying;
  }

  end(): void {
    this.#end.abort(new Error("the link was ended"));
  }

  async #sayAll(): Promise<void> {
    while (this.#said.length > 0) {
      const batch = this.#said.splice(0, limits.longPollMessages);
      const messages = batch.map(({ channel, message }) => ({ channel, message }));
      try {
        if (!this.#end.signal.aborted) this.#hear(await this.#exchange({ messages }));
      } catch (cause) {
        this.#end.abort(cause);
      }
      for (const { over } of batch) over();
    }
  }

  async #exchange(request: { wait_seconds?: number; messages?: object[] }): Promise<Heard> {
    const { url, address, password, refused } = this.#credential;
    const response = await fetch(new URL("/v1/device/messages", current(url)), {
      method: "POST",
      headers: {
        authorization: authorizationOf(current(address), current(password)),
        "content-type": "application/json",
      },
      body: JSON.stringify({ session: this.session, ...request }),
      signal: AbortSignal.any([this.#end.signal, AbortSignal.timeout((request.wait_seconds ?? 0) * 1000 + slackMs)]),
    });
    if (response.status === 401) refused?.();
    if (!response.ok) {
      const problem = `the server answered ${response.status}: ${(await response.text()).slice(0, 200)}`;
      throw response.status === 409 ? new SessionReplaced(problem) : new Error(problem);
    }
    const { messages } = (await response.json()) as DeviceMessagesAnswer;
    this.#end.signal.throwIfAborted();
    return messages;
  }
}

/** A token speaks for itself; a password needs the address that it belongs to. */
function authorizationOf(address: string, password: string): string {
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(password)) return `Bearer ${password}`;
  return `Basic ${Buffer.from(`${address}:${password}`).toString("base64")}`;
}
