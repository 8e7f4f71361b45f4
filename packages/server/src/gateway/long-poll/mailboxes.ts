import type { DeviceMessagesAnswer } from "@tillkeeper/contract/http/device-messages";
import type { DownChannel, Messages } from "@tillkeeper/contract/mqtt";
import { Mailbox } from "./mailbox.ts";

export type DownMessage = DeviceMessagesAnswer["messages"][number];

/** Who asks for messages. */
export interface Asking {
  terminalId: string;
  credentialId: string;
  session: string;
}

/** Whoever is told for which terminals there is a mailbox. */
interface Watching {
  begin(terminalId: string): void;
  end(terminalId: string): void;
}

/** A mailbox nobody has asked for after so long is taken away, with what is in it. */
const keepMs = 5_000;

/**
 * What waits in this process for terminals that ask for their messages over HTTPS, one mailbox a terminal. Nothing is
 * kept for those who are away: the broker only carries, and so does this.
 */
export class Mailboxes {
  readonly #boxes = new Map<string, Mailbox>();
  readonly #removals = new Map<string, NodeJS.Timeout>();
  #watching: Watching | undefined;
  #closed = false;

  watch(watching: Watching): void {
    this.#watching = watching;
  }

  /**
   * The mailbox of a terminal, for one request; whoever opens it calls `done` in the end. Another session takes the
   * terminal over: requests of the one before are refused.
   */
  open({ terminalId, credentialId, session }: Asking): { box: Mailbox; done: () => void } {
    clearTimeout(this.#removals.get(terminalId));
    let box = this.#boxes.get(terminalId);
    if (box?.session !== session || box.credentialId !== credentialId) {
      box?.end("replaced");
      box = new Mailbox(session, credentialId);
      if (!this.#boxes.has(terminalId)) this.#watching?.begin(terminalId);
      this.#boxes.set(terminalId, box);
    }
    if (this.#closed) box.hurry();
    const opened = box;
    opened.users += 1;
    return {
      box: opened,
      done: () => {
        opened.users -= 1;
        if (opened.users === 0 && this.#boxes.get(terminalId) === opened) this.#removeLater(terminalId, opened);
      },
    };
  }

  has(terminalId: string): boolean {
    return this.#boxes.has(terminalId);
  }

  /** With `only`, for nobody with another credential. */
  put<C extends DownChannel>(terminalId: string, channel: C, message: Messages[C], only?: string | null): void {
    const box = this.#boxes.get(terminalId);
    if (only == null || box?.credentialId === only) box?.put({ channel, message });
  }

  /**
   * The same for what another server wrote; what a broker lets others write in its place may be anything. A command does not
   * say which credential it is for, so it is for the terminal's at this moment: one that was sent before that became the
   * terminal's may go to it, none goes to one that was replaced before it was sent.
   */
  async putAsWritten(
    terminalId: string,
    channel: DownChannel,
    payload: Buffer,
    credentialOf: (terminalId: string) => Promise<string | undefined>,
  ): Promise<void> {
    const message = parsed(payload);
    const box = this.#boxes.get(terminalId);
    if (message === undefined || !box) return;
    if (channel !== "command" || (await credentialOf(terminalId)) === box.credentialId) box.put({ channel, message });
  }

  /** Whether what is put here now will be fetched: somebody waits, or will be back in a moment. */
  hears(terminalId: string): boolean {
    return this.#boxes.get(terminalId)?.attended ?? false;
  }

  listening(): string[] {
    return [...this.#boxes].filter(([, box]) => box.attended).map(([terminalId]) => terminalId);
  }

  /** Refuses the requests that wait, and forgets what waited for them. */
  end(terminalId: string): void {
    this.#boxes.get(terminalId)?.end("credential");
    this.#remove(terminalId);
  }

  all(): { terminalId: string; credentialId: string }[] {
    return [...this.#boxes].map(([terminalId, { credentialId }]) => ({ terminalId, credentialId }));
  }

  /** From now on nobody is kept waiting: the server is about to end. */
  hurry(): void {
    this.#closed = true;
    for (const box of this.#boxes.values()) box.hurry();
  }

  close(): void {
    for (const terminalId of this.#boxes.keys()) this.#remove(terminalId);
  }

  #removeLater(terminalId: string, box: Mailbox): void {
    const timer = setTimeout(() => {
      if (this.#boxes.get(terminalId) === box && box.users === 0) this.#remove(terminalId);
    }, keepMs);
    timer.unref();
    this.#removals.set(terminalId, timer);
  }

  #remove(terminalId: string): void {
    clearTimeout(this.#removals.get(terminalId));
    this.#removals.delete(terminalId);
    if (this.#boxes.delete(terminalId)) this.#watching?.end(terminalId);
  }
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
}
