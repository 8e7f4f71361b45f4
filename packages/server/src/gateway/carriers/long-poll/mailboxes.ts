import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { Messages } from "@tillkeeper/contract/mqtt/messages";
import type { DownChannel } from "@tillkeeper/contract/mqtt/topics";
import { Mailbox, type RepeatedChannel } from "./mailbox.ts";

/** The session of a device that polls for messages. */
export interface Asking {
  terminalId: string;
  address: string;
  session: string;
}

/** A mailbox that has had no request for so long is removed, with its messages. */
const keepMs = 5_000;

/**
 * The messages of this process for terminals that poll over HTTPS, one mailbox per terminal. Nothing is kept for absent
 * terminals: like a broker, this only carries.
 */
export class Mailboxes {
  readonly #boxes = new Map<string, Mailbox>();
  readonly #removals = new Map<string, NodeJS.Timeout>();
  #closed = false;

  /**
   * Opens the mailbox of a device for one request; the caller calls `done` at the end of the request. Another session,
   * or another device of the terminal, takes the mailbox over: requests of the former session are refused.
   */
  open({ terminalId, address, session }: Asking): { box: Mailbox; done: () => void } {
    clearTimeout(this.#removals.get(terminalId));
    let box = this.#boxes.get(terminalId);
    if (box?.session !== session || box.address !== address) {
      box?.end("replaced");
      box = new Mailbox(session, address);
      this.#boxes.set(terminalId, box);
    }
    if (this.#closed) box.endWaits();
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

  /** The addresses of the devices that poll here. */
  waiting(): string[] {
    return [...this.#boxes.values()].filter(({ isPolled }) => isPolled).map(({ address }) => address);
  }

  /** Whether a terminal polls here and this message has not been put into its mailbox lately. */
  lacks(terminalId: string, channel: RepeatedChannel, id: string): boolean {
    const box = this.#boxes.get(terminalId);
    return box !== undefined && box.isPolled && !box.wasPutLately(channel, id);
  }

  /** Whether a message put here now will be fetched: a request waits, or the last one ended a moment ago. */
  hears(terminalId: string): boolean {
    return this.#boxes.get(terminalId)?.isPolled ?? false;
  }

  listening(): string[] {
    return [...this.#boxes].filter(([, box]) => box.isPolled).map(([terminalId]) => terminalId);
  }

  /** Refuses the waiting requests of the device, and drops its messages. */
  end(address: string): void {
    const box = this.#of(address);
    if (!box) return;
    box.end("credential");
    this.#remove(readDeviceAddress(address)?.terminalId ?? "");
  }

  /** The addresses that have a mailbox. */
  all(): string[] {
    return [...this.#boxes.values()].map(({ address }) => address);
  }

  /** Ends all waits, now and from now on: the server is about to close. */
  endWaits(): void {
    this.#closed = true;
    for (const box of this.#boxes.values()) box.endWaits();
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
