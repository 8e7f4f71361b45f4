import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { openEmbeddedBroker } from "../../src/gateway/carriers/embedded/broker.ts";
import type { Shown } from "../../src/gateway/carriers/embedded/connections.ts";
import type { DeviceTransport } from "../../src/gateway/carriers/transport.ts";
import { createLogger } from "../../src/platform/log/log.ts";

type Options = Parameters<typeof openEmbeddedBroker>[0];

/** Lets the device in whose address the user name is. */
export async function letIn(username: string): Promise<Shown | undefined> {
  return readDeviceAddress(username);
}

/** A broker without a server behind it: it lets every terminal in and does nothing with what terminals say, unless told otherwise. */
export function openBrokerAlone(options: Partial<Options> = {}): Promise<DeviceTransport> {
  return openEmbeddedBroker({
    host: "127.0.0.1",
    shownHost: "127.0.0.1",
    port: { number: 0, configured: true },
    log: createLogger("silent"),
    authenticate: letIn,
    receive: async () => undefined,
    ...options,
  });
}
