import { deviceAddress, deviceNumber } from "@tillkeeper/contract/addresses";
import { startMosquitto } from "@tillkeeper/stage/brokers/mosquitto";
import { connectMqtt, Device } from "@tillkeeper/stage/devices/device";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { expect, it, onTestFinished } from "vitest";

/**
 * Outside broker with the operator's own access rules, which vouch for the sender
 * (docs/adr/0025-device-addresses.md).
 */
it("a device that says hello with a later address than the database knows: the one before is over, and no close is taken", async () => {
  const mosquitto = await startMosquitto();
  onTestFinished(() => mosquitto.stop());
  const mqtt = { port: { number: 0, configured: true }, outsideUrl: mosquitto.url };
  const server = await startTestServer({ config: { mqtt } });
  onTestFinished(() => server.stop());
  const tenant = await server.account("T67300001");
  const terminals = `/v1/accounts/${tenant.aid}/terminals`;
  await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  const registration = { device_serial_number: "AHEAD-1", store_id: "S312" };
  const { terminal_id: id } = (await server.call("POST", terminals, { ...tenant, body: registration })).body;
  const { address } = (await server.call("POST", `${terminals}/${id}/credentials`, tenant)).body;
  await server.db.pool.query("update terminals set status = 'ACTIVE', status_reason = null where terminal_id = $1", [
    id,
  ]);
  const say = async (number: number) => {
    const by = deviceAddress(id, number);
    const device = new Device(by, await connectMqtt(server, by, "anything", by));
    onTestFinished(() => device.leave());
    await device.hello();
  };
  const close = async () => {
    const body = { terminal_id: id, operation: "end_of_day", timeout: 20 };
    const { status } = await server.call("POST", "/v1/admin/terminals/operations", { ...tenant, body });
    server.clock.advance(30_000);
    return status;
  };

  // The address before was replaced, so its hello reveals nothing.
  await say(deviceNumber(address) - 1);
  await say(deviceNumber(address) + 1);
  await expect.poll(close).toBe(409);
  const audit = await server.call("GET", `/v1/accounts/${tenant.aid}/audit?subject_id=${id}`, tenant);
  expect(audit.body.entries).toContainEqual(
    expect.objectContaining({ action: "terminal.address_unknown", before: { address } }),
  );
});
