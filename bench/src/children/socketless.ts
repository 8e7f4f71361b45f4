import type { Connection, ConnectionSettings, OpenConnection } from "@tillkeeper/agent/links/connection";
import { current } from "@tillkeeper/agent/links/connection";
import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { DownChannel } from "@tillkeeper/contract/mqtt/topics";
import type { DeviceTransport, Receive } from "@tillkeeper/server/gateway/carriers/transport";

/**
 * A carrier without sockets: agents in the server's own process, each message as the bytes that a broker would carry, and handed on
 * in a later turn of the event loop.
 */
export class Socketless {
  readonly #links = new Map<string, ConnectionSettings>();
  #receive: Receive | undefined;

  /** Adds the agents in this process to the server's own carriers. */
  readonly carrier = (own: DeviceTransport): DeviceTransport => ({
    ...own,
    listen: async (receive) => {
      this.#receive = receive;
      await own.listen(receive);
    },
    publish: async (address, channel, message) => {
      const link = this.#links.get(address);
      if (!link) return own.publish(address, channel, message);
      const payload = Buffer.from(JSON.stringify(message));
      setImmediate(() => this.#deliver(address, link, channel, payload));
    },
    hears: (terminalId) => this.#links.has(`${terminalId}-D1`) || own.hears(terminalId),
    listening: () => {
      const others = own.listening();
      const here = [...this.#links.keys()].map((address) => readDeviceAddress(address)?.terminalId ?? "");
      return others && [...others, ...here];
    },
  });

  /** Opens the connection of an agent. */
  readonly open: OpenConnection = (settings): Connection => {
    const address = current(settings.credential.address);
    this.#links.set(address, settings);
    setImmediate(() => settings.events.up(settings.nextSession()));
    const end = async () => void this.#links.delete(address);
    return {
      send: async (channel, message) => {
        const payload = Buffer.from(JSON.stringify(message));
        setImmediate(() => void this.#receive?.(address, channel, payload));
      },
      proved() {},
      drop() {},
      use() {},
      close: end,
      destroy: end,
    };
  };

  #deliver(address: string, link: ConnectionSettings, channel: DownChannel, payload: Uint8Array): void {
    // It may have left meanwhile.
    if (this.#links.get(address) === link) link.events.message(channel, payload);
  }
}
