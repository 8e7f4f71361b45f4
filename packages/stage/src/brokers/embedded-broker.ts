import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { createEmbeddedBroker } from "@tillkeeper/server/gateway/carriers/embedded/broker";
import type { AuthenticatedDevice } from "@tillkeeper/server/gateway/carriers/embedded/connections";
import type { DeviceTransport, Receive } from "@tillkeeper/server/gateway/carriers/transport";
import { createLogger } from "@tillkeeper/server/platform/log/log";

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
