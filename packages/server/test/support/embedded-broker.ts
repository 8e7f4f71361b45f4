import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { createEmbeddedBroker } from "../../src/gateway/carriers/embedded/broker.ts";
import type { AuthenticatedDevice } from "../../src/gateway/carriers/embedded/connections.ts";
import type { DeviceTransport, Receive } from "../../src/gateway/carriers/transport.ts";
import { createLogger } from "../../src/platform/log/log.ts";

type Options = Parameters<typeof createEmbeddedBroker>[0] & { receive: Receive };

/** Lets the device in whose address the user name is. */
export async function letIn(username: string): Promise<AuthenticatedDevice | undefined> {
  return readDeviceAddress(username);
}

/** A broker without a server behind it: it lets every terminal in and does nothing with what terminals say, unless told otherwise. */
export async function openBrokerAlone({
  receive = async () => undefined,
  ...options
}: Partial<Options> = {}): Promise<DeviceTransport> {
  const broker = createEmbeddedBroker({
    host: "127.0.0.1",
    shownHost: "127.0.0.1",
    port: { number: 0, configured: true },
    log: createLogger("silent"),
    authenticate: letIn,
    ...options,
  });
  await broker.listen(receive);
  return broker;
}
