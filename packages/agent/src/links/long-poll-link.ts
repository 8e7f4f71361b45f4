import type { DeviceMessagesAnswer } from "@tillkeeper/contract/http/device-messages";
import { limits } from "@tillkeeper/contract/limits";
import type { UpChannel } from "@tillkeeper/contract/mqtt/topics";
import { type Credential, current } from "./connection.ts";

const waitSeconds = limits.longPollWaitSecondsMax;
/** Added to the time for which the server may hold an answer back. */
const slackMs = 10_000;

type Received = DeviceMessagesAnswer["messages"];

interface Outgoing {
  channel: UpChannel;
  message: object;
  over: () => void;
}

/** Another session with this address has taken over: perhaps a second device uses the same address. */
export class SessionReplaced extends Error {}

/** One session over HTTPS: one request waits for messages, a second one sends. The session ends when either fails. */
export class LongPollLink {
  readonly #credential: Credential;
  readonly #hear: (messages: Received) => void;
  /** The name of the session, as the server's presence records it. */
  readonly session: string;
  readonly #end = new AbortController();
  #queue: Outgoing[] = [];
  #sending: Promise<void> | undefined;

  constructor(session: string, credential: Credential, hear: (messages: Received) => void) {
    this.session = session;
    this.#credential = credential;
    this.#hear = hear;
  }

  /** Polls for messages until a request fails, and rejects with that error. Calls `up` after the first answer. */
  async listen(up: () => void): Promise<never> {
    try {
      // The server answers the first request at once: that shows that the session is up.
      this.#hear(await this.#exchange({}));
      up();
      for (;;) this.#hear(await this.#exchange({ wait_seconds: waitSeconds }));
    } finally {
      this.end();
    }
  }

  /** Sends a message. Resolves when the server has it or the session has ended. Never rejects. */
  say(channel: UpChannel, message: object): Promise<void> {
    return new Promise((over) => {
      this.#queue.push({ channel, message, over });
      this.#sending ??= this.#sendAll().finally(() => {
        this.#sending = undefined;
      });
    });
  }

  /** Resolves when no message is left to send. */
  async said(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  /** Ends the session: aborts its requests. */
  end(): void {
    this.#end.abort(new Error("the link was ended"));
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, limits.longPollMessages);
      const messages = batch.map(({ channel, message }) => ({ channel, message }));
      try {
        if (!this.#end.signal.aborted) this.#hear(await this.#exchange({ messages }));
      } catch (cause) {
        this.#end.abort(cause);
      }
      for (const { over } of batch) over();
    }
  }

  async #exchange(request: { wait_seconds?: number; messages?: object[] }): Promise<Received> {
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

/** A token (three base64url parts) goes as Bearer; a password needs the address beside it and goes as Basic. */
function authorizationOf(address: string, password: string): string {
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(password)) return `Bearer ${password}`;
  return `Basic ${Buffer.from(`${address}:${password}`).toString("base64")}`;
}
