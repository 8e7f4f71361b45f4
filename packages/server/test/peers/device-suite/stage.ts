import type { TestBroker } from "@tillkeeper/stage/brokers/broker";
import { embeddedConfig } from "@tillkeeper/stage/brokers/brokers";
import type { Authority } from "@tillkeeper/stage/brokers/certificates";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { vi } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { brokerOf, type CarrierName, carrierOf, carriers, levelOf } from "./carriers.ts";
import { Desk } from "./desk.ts";

/** One server with one broker, which all tests of a carrier share. */
export class Stage extends Desk<TestServer> {
  readonly carrier: CarrierName;
  readonly broker: TestBroker | undefined;
  /** The MQTT configuration for another server on the same broker. */
  readonly mqtt: Config["mqtt"];
  /** The certificate file of the authority that devices are to trust. */
  readonly caFile: string | undefined;

  private constructor(carrier: CarrierName, parts: Pick<Stage, "server" | "tenant" | "broker" | "mqtt" | "caFile">) {
    super(parts.server, parts.tenant, carrier);
    this.carrier = carrier;
    this.broker = parts.broker;
    this.mqtt = parts.mqtt;
    this.caFile = parts.caFile;
  }

  /**
   * Starts the broker and the server. With an authority, the broker has a certificate from it; server and devices use
   * TLS and trust no other authority.
   */
  static async open(carrier: CarrierName, authority?: Authority): Promise<Stage> {
    const tls = authority?.issue("IP:127.0.0.1");
    const broker = await brokerOf(carrier, { tls });
    const number = await freePort();
    await broker?.start(`http://127.0.0.1:${number}`);
    // Both ports stay fixed over a restart, because the agents keep the address that they got at first.
    const own = { port: { number: await freePort(), configured: true }, outsideUrl: undefined, tls };
    const mqtt = broker ? { ...broker.mqtt, caFile: tls?.caFile } : own;
    const http = { host: "127.0.0.1", port: { number, configured: true } };
    const server = await startTestServer({ config: { mqtt, http } });
    await ready(server);
    const tenant = await server.account();
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
    const furtherMqtt = broker ? mqtt : embeddedConfig;
    return new Stage(carrier, { server, tenant, broker, mqtt: furtherMqtt, caFile: tls?.caFile });
  }

  async close(): Promise<void> {
    await this.server.stop();
    await this.broker?.stop();
    this.tidy();
  }

  get transport(): "mqtt" | "https" {
    return carriers[this.carrier].transport;
  }

  /** The protocol level of MQTT that scripted clients use with this carrier. */
  get level(): 4 | 5 {
    return levelOf(this.carrier);
  }

  /** The version of MQTT in the programs' arguments; undefined when they negotiate it. */
  get mqttVersion() {
    return carrierOf(this.carrier).told;
  }
}

/** Resolves when the server is ready, so connected to its broker. */
export async function ready(server: TestServer): Promise<void> {
  const broker = async () => (await server.call("GET", "/health/ready")).body.broker;
  await vi.waitUntil(async () => (await broker()) === "up", { interval: 50 });
}
