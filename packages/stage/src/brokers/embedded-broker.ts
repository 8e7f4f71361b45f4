import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { createEmbeddedBroker } from "@tillkeeper/server/gateway/carriers/embedded/broker";
import type { AuthenticatedDevice } from "@tillkeeper/server/gateway/carriers/embedded/connections";
import type { DeviceTransport, Receive } from "@tillkeeper/server/gateway/carriers/transport";
import { createLogger } from "@tillkeeper/server/platform/log/log";

type Options = Parameters<typeof createEmbeddedBroker>[0] & { receive: Receive };

/** Authenticates each device by its address, which is the user name. Any password is accepted. */
export async function letIn(username: string): Promise<AuthenticatedDevice | undefined> {
  return readDeviceAddress(username);
}

/** Opens a broker without a server. By default it accepts every terminal and ignores their messages. */
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
