import { randomUUID } from "node:crypto";
import { startMosquitto } from "@tillkeeper/stage/brokers/mosquitto";
import { connectMqtt, Device } from "@tillkeeper/stage/devices/device";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { expect, it, onTestFinished } from "vitest";

/** The reason for this rule is in docs/adr/0014-pairing-and-device-tokens.md. */
it("a deleted terminal whose connection a broker leaves open is told what became of its result, once that is stored", async () => {
  const mosquitto = await startMosquitto();
  onTestFinished(() => mosquitto.stop());
  const mqtt = { port: { number: 0, configured: true }, outsideUrl: mosquitto.url };
  const server = await startTestServer({ config: { mqtt } });
  onTestFinished(() => server.stop());
  const tenant = await server.account("T67100001");
  const call = async (method: string, path: string, body?: object) =>
    (await server.call(method, path, { ...tenant, ...(body && { body }) })).body;
  const terminals = `/v1/accounts/${tenant.aid}/terminals`;
  const operations = "/v1/admin/terminals/operations";
  await call("POST", `/v1/accounts/${tenant.aid}/stores`, { store_id: "S312" });
  const { terminal_id: id } = await call("POST", terminals, { device_serial_number: "GONE-1", store_id: "S312" });
  // The client id differs from the id whose connection the server would end; a broker without our rules allows it.
  const { address } = await call("POST", `${terminals}/${id}/credentials`);
  const device = new Device(address, await connectMqtt(server, address, "anything", "gone-1"));
  onTestFinished(() => device.leave());
  await device.client.subscribeAsync(`tillkeeper/v1/${address}/+`, { qos: 1 });
  await device.hello();
  await device.next("welcome");
  const sent = await call("POST", operations, { terminal_id: id, operation: "open_menu" });
  await device.next("command");
  server.clock.advance(60_000);
  const operation = () => call("GET", `${operations}/${sent.id}`);
  await expect.poll(operation).toMatchObject({ status: "TIMEOUT" });
  expect(await call("DELETE", `${terminals}/${id}`)).toMatchObject({ status: "DELETED" });

  await device.openedMenu(sent.id);
  expect(await device.next("receipt")).toMatchObject({ operation_id: sent.id, status: "TIMEOUT" });
  expect(await operation()).toMatchObject({ late_result: { status: "COMPLETED", result: { opened: true } } });
  // The server never had an operation with this id for the device, which therefore need not keep the result.
  const unknown = randomUUID();
  await device.openedMenu(unknown);
  expect(await device.next("receipt", 1)).toMatchObject({ operation_id: unknown, status: "UNKNOWN" });
  expect(device.received.filter(({ channel }) => channel === "welcome")).toHaveLength(1);
});
