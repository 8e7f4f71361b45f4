import { openEmbeddedBroker } from "../../src/gateway/embedded-broker.ts";
import type { DeviceTransport } from "../../src/gateway/transport.ts";
import { createLogger } from "../../src/platform/log.ts";

type Options = Parameters<typeof openEmbeddedBroker>[0];

/** A broker without a server behind it: it lets every terminal in and does nothing with what terminals say, unless told otherwise. */
export function openBrokerAlone(options: Partial<Options> = {}): Promise<DeviceTransport> {
  return openEmbeddedBroker({
    host: "127.0.0.1",
    shownHost: "127.0.0.1",
    port: { number: 0, configured: true },
    log: createLogger("silent"),
    authenticate: async () => ({ credentialId: "a credential" }),
    receive: async () => undefined,
    left: () => undefined,
    ...options,
  });
}
