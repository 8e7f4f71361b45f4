import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { Shown } from "@tillkeeper/server/gateway/connections";
import { openEmbeddedBroker } from "@tillkeeper/server/gateway/embedded-broker";
import type { DeviceTransport } from "@tillkeeper/server/gateway/transport";
import { createLogger } from "@tillkeeper/server/platform/log";

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
