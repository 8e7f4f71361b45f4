import type { Config } from "@tillkeeper/server/config/config";
import type { BrokerOptions, TestBroker } from "./broker.ts";
import { mosquittoDynsec } from "./mosquitto-dynsec.ts";
import { rabbitMq, rabbitMqJwt } from "./rabbitmq.ts";

/** The broker of the server itself, in the same clothes. */
async function embedded(): Promise<TestBroker | undefined> {
  return undefined;
}

/** Every broker that the device side is tried on. */
export const brokerKinds = { embedded, mosquitto: mosquittoDynsec, rabbitmq: rabbitMq } satisfies Record<
  string,
  (options?: BrokerOptions) => Promise<TestBroker | undefined>
>;
export type BrokerKind = keyof typeof brokerKinds;

/** And those that take the server's signature for everything, and ask nobody whether it still holds. */
export const deviceBrokers = { ...brokerKinds, "rabbitmq-jwt": rabbitMqJwt };

export const embeddedConfig = { port: { number: 0, configured: true }, outsideUrl: undefined } satisfies Config["mqtt"];
