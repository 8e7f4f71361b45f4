import { downChannels, parseTopic, topic } from "@tillkeeper/contract/mqtt";
import type { Logger } from "../platform/log.ts";
import type { BrokerLink } from "./broker-link.ts";

/** What is heard again is heard soon; what a broker lost is forgotten in favour of what came later. */
const mostEchoes = 50;

type Listening = Pick<BrokerLink, "listen" | "leave">;

/**
 * Devices that wait for their messages at this server, over HTTPS. Another server sends what it has for them to the broker,
 * where they are not: this one listens there in their place.
 */
export class StandIns {
  readonly #log: Logger;
  /**
   * For each of them what this server has sent itself and will hear again; it has put that into the device's mailbox
   * already.
   */
  readonly #echoes = new Map<string, Set<string>>();
  #link: Listening | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  begin(address: string): void {
    this.#echoes.set(address, new Set());
    this.#listen(address);
  }

  end(address: string): void {
    this.#echoes.delete(address);
    // Whoever has lost the link listens to nothing any more.
    this.#link?.leave(topicsOf(address)).catch(() => undefined);
  }

  /** Another link, or none for a while. */
  use(link: Listening | undefined): void {
    this.#link = link;
    for (const address of this.#echoes.keys()) this.begin(address);
  }

  /** This server is about to send that. */
  said(name: string, payload: string): void {
    const echoes = this.#of(name);
    echoes?.add(`${name} ${payload}`);
    const [oldest] = echoes ?? [];
    if (echoes && oldest !== undefined && echoes.size > mostEchoes) echoes.delete(oldest);
  }

  /** Whether what came is another server's, for a device that waits here. */
  isNews(name: string, payload: Buffer): boolean {
    const echoes = this.#of(name);
    return echoes !== undefined && !echoes.delete(`${name} ${payload.toString("utf8")}`);
  }

  #of(name: string): Set<string> | undefined {
    return this.#echoes.get(parseTopic(name)?.address ?? "");
  }

  #listen(address: string): void {
    this.#link?.listen(topicsOf(address)).catch((error: unknown) => {
      const what = "the broker does not let this server hear what others send to a device";
      this.#log.warn({ err: error, address }, what);
    });
  }
}

function topicsOf(address: string): string[] {
  return downChannels.map((channel) => topic(address, channel));
}
