import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { DeviceMessagesAnswer } from "@tillkeeper/contract/http/device-messages";
import type { DownChannel, Messages } from "@tillkeeper/contract/mqtt";
import { Mailbox, type SaidAgain } from "./mailbox.ts";

export type DownMessage = DeviceMessagesAnswer["messages"][number];

/** Who asks for messages. */
export interface Asking {
  terminalId: string;
  address: string;
  session: string;
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
  #closed = false;

  /**
   * The mailbox of a device, for one request; whoever opens it calls `done` in the end. Another session, or another device of
   * the terminal, takes it over: requests of the one before are refused.
   */
  open({ terminalId, address, session }: Asking): { box: Mailbox; done: () => void } {
    clearTimeout(this.#removals.get(terminalId));
    let box = this.#boxes.get(terminalId);
    if (box?.session !== session || box.address !== address) {
      box?.end("replaced");
      box = new Mailbox(session, address);
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

  has(address: string): boolean {
    return this.#of(address) !== undefined;
  }

  put<C extends DownChannel>(address: string, channel: C, message: Messages[C]): void {
    this.#of(address)?.put({ channel, message });
  }

  /** The addresses of those who wait here, or will be back in a moment. */
  waiting(): string[] {
    return [...this.#boxes.values()].filter(({ attended }) => attended).map(({ address }) => address);
  }

  /** Whether a terminal waits here and has not been told this lately. */
  lacks(terminalId: string, channel: SaidAgain, id: string): boolean {
    const box = this.#boxes.get(terminalId);
    return box !== undefined && box.attended && !box.wasTold(channel, id);
  }

  /** Whether what is put here now will be fetched: somebody waits, or will be back in a moment. */
  hears(terminalId: string): boolean {
    return this.#boxes.get(terminalId)?.attended ?? false;
  }

  listening(): string[] {
    return [...this.#boxes].filter(([, box]) => box.attended).map(([terminalId]) => terminalId);
  }

  /** Refuses the requests that wait, and forgets what waited for them. */
  end(address: string): void {
    const box = this.#of(address);
    if (!box) return;
    box.end("credential");
    this.#remove(readDeviceAddress(address)?.terminalId ?? "");
  }

  /** The addresses for which there is a mailbox. */
  all(): string[] {
    return [...this.#boxes.values()].map(({ address }) => address);
  }

  /** From now on nobody is kept waiting: the server is about to end. */
  hurry(): void {
    this.#closed = true;
    for (const box of this.#boxes.values()) box.hurry();
  }

  close(): void {
    for (const terminalId of this.#boxes.keys()) this.#remove(terminalId);
  }

  #of(address: string): Mailbox | undefined {
    const box = this.#boxes.get(readDeviceAddress(address)?.terminalId ?? "");
    return box?.address === address ? box : undefined;
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
    this.#boxes.delete(terminalId);
  }
}
