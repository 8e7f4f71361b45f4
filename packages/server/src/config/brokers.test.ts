import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

const secret = "0123456789abcdef0123456789abcdef";
const broker = { MQTT_URL: "mqtts://tillkeeper:x@broker.example" };

describe("settings of brokers", () => {
  it("are all left out at first: the embedded broker needs none", () => {
    expect(readConfig({}).mqtt).toMatchObject({ access: "none", tls: undefined, publicUrl: undefined });
  });

  it("are taken as they are", () => {
    const elsewhere = {
      ...broker,
      TILLKEEPER_MQTT_CA_FILE: "ca.pem",
      TILLKEEPER_MQTT_PUBLIC_URL: "mqtts://terminals.example:8883",
    };
    expect(readConfig(elsewhere).mqtt).toMatchObject({
      access: "none",
      caFile: "ca.pem",
      publicUrl: "mqtts://terminals.example:8883",
    });
    const tls = { TILLKEEPER_MQTT_CERT_FILE: "cert.pem", TILLKEEPER_MQTT_KEY_FILE: "key.pem" };
    expect(readConfig(tls).mqtt.tls).toEqual({ certFile: "cert.pem", keyFile: "key.pem" });
    const asks = { ...broker, TILLKEEPER_BROKER_ACCESS: "http", TILLKEEPER_BROKER_SECRET: secret };
    expect(readConfig(asks).mqtt).toMatchObject({ access: "http", brokerSecret: secret });
    const keyFile = "broker-key.pem";
    const reads = { ...asks, TILLKEEPER_BROKER_ACCESS: "jwt", TILLKEEPER_BROKER_KEY_FILE: keyFile };
    expect(readConfig(reads)).toMatchObject({ mqtt: { access: "jwt", keyFile }, deviceTokenSeconds: 86_400 });
    expect(readConfig({ ...reads, TILLKEEPER_DEVICE_TOKEN_SECONDS: "600" }).deviceTokenSeconds).toBe(600);
    expect(readConfig(asks).deviceTokenSeconds).toBe(3_600);
  });

  it.each<[Record<string, string>, string]>([
    [{ TILLKEEPER_BROKER_ACCESS: "maybe" }, "TILLKEEPER_BROKER_ACCESS"],
    [{ TILLKEEPER_BROKER_ACCESS: "http", TILLKEEPER_BROKER_SECRET: secret }, "TILLKEEPER_BROKER_ACCESS"],
    [{ ...broker, TILLKEEPER_BROKER_ACCESS: "http" }, "TILLKEEPER_BROKER_SECRET"],
    [{ ...broker, TILLKEEPER_BROKER_ACCESS: "mosquitto" }, "TILLKEEPER_BROKER_SECRET"],
    [{ ...broker, TILLKEEPER_BROKER_ACCESS: "jwt", TILLKEEPER_BROKER_SECRET: secret }, "TILLKEEPER_BROKER_KEY_FILE"],
    [{ ...broker, TILLKEEPER_BROKER_ACCESS: "nats" }, "TILLKEEPER_BROKER_ACCESS"],
    [{ TILLKEEPER_BROKER_SECRET: "hunter2" }, "TILLKEEPER_BROKER_SECRET"],
    [{ TILLKEEPER_BROKER_SECRET: `${secret}/../x` }, "TILLKEEPER_BROKER_SECRET"],
    [{ TILLKEEPER_MQTT_CERT_FILE: "x" }, "TILLKEEPER_MQTT_KEY_FILE"],
    [{ TILLKEEPER_MQTT_KEY_FILE: "x" }, "TILLKEEPER_MQTT_CERT_FILE"],
    [{ ...broker, TILLKEEPER_MQTT_CERT_FILE: "x", TILLKEEPER_MQTT_KEY_FILE: "x" }, "TILLKEEPER_MQTT_CERT_FILE"],
    [{ TILLKEEPER_MQTT_PUBLIC_URL: "broker.example" }, "TILLKEEPER_MQTT_PUBLIC_URL"],
  ])("that cannot be meant are refused by name: %o", (env, name) => {
    expect(() => readConfig(env)).toThrow(`  ${name}: `);
    expect(() => readConfig(env)).not.toThrow("hunter2");
  });
});
