import type { Config } from "@tillkeeper/server/config/config";
import type { BrokerOptions, TestBroker } from "./broker.ts";
import { mosquittoDynsec } from "./mosquitto-dynsec.ts";
import { rabbitMq, rabbitMqJwt } from "./rabbitmq.ts";

/** The server's embedded broker needs no process: without a `TestBroker` the server uses its own broker. */
async function embedded(): Promise<TestBroker | undefined> {
  return undefined;
}

/** The brokers for the tests of the device side. */
export const brokerKinds = { embedded, mosquitto: mosquittoDynsec, rabbitmq: rabbitMq } satisfies Record<
  string,
  (options?: BrokerOptions) => Promise<TestBroker | undefined>
>;
export type BrokerKind = keyof typeof brokerKinds;

/** The same brokers, and one that trusts every token with the server's signature and never asks the server. */
export const deviceBrokers = { ...brokerKinds, "rabbitmq-jwt": rabbitMqJwt };

export const embeddedConfig = { port: { number: 0, configured: true }, outsideUrl: undefined } satisfies Config["mqtt"];
