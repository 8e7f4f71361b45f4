import { readConfig } from "@tillkeeper/server/config/config";
import { expect, test } from "vitest";
import { sandboxBlock } from "./sandbox-block.ts";

function running(httpUrl: string, mqttUrl: string, terminalIds = ["T12345678-T0001"]) {
  const sandbox = {
    http_url: httpUrl,
    mqtt_url: mqttUrl,
    account_id: "T12345678",
    client_id: "till-1",
    client_secret: "s3cret~",
    terminalIds,
    signInLink: undefined,
    namedTerminals: {},
  };
  return { httpUrl, mqttUrl, sandbox, stop: () => Promise.resolve() };
}

const atDefaults = running("http://127.0.0.1:8080", "mqtt://127.0.0.1:1883");
const steppedAround = running("http://127.0.0.1:8081", "mqtt://127.0.0.1:1884");

test("says nothing of ports that are as configured", () => {
  expect(sandboxBlock(atDefaults, readConfig({}))).not.toContain("in use");
  const anyPort = readConfig({ TILLKEEPER_HTTP_PORT: "0", TILLKEEPER_MQTT_PORT: "0" });
  expect(sandboxBlock(steppedAround, anyPort)).not.toContain("in use");
});

test("names the default ports that were stepped around", () => {
  const block = sandboxBlock(steppedAround, readConfig({}));
  expect(block).toContain("Port 8080 is in use by another program, so the API listens on 8081.");
  expect(block).toContain("Port 1883 is in use by another program, so the MQTT broker listens on 1884.");
});

test("does not take a public or an outside address for a port that was stepped around", () => {
  const outside = running("https://tills.example.com", "mqtts://broker.example.com:8883");
  const config = readConfig({
    TILLKEEPER_PUBLIC_URL: outside.httpUrl,
    MQTT_URL: outside.mqttUrl,
  });
  const block = sandboxBlock(outside, config);
  expect(block).not.toContain("in use");
  expect(block).toContain("'https://tills.example.com/v1/admin/terminals/operations'");
});

test("shows no requests when there is no terminal to send them to", () => {
  const { httpUrl, mqttUrl } = atDefaults;
  const block = sandboxBlock(running(httpUrl, mqttUrl, []), readConfig({}));
  expect(block).not.toContain("curl");
  expect(block).toMatch(/Ctrl-C ends it\.$/);
});
