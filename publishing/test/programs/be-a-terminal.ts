import { readFileSync } from "node:fs";
import { Agent, DeviceCredential, makeDeviceKeys, memoryJournal, pairDevice } from "@tillkeeper/agent";
import { createVirtualFleet } from "@tillkeeper/agent/virtual";
import { createClient } from "@tillkeeper/sdk";

const { http_url, account_id, client_id, client_secret } = JSON.parse(readFileSync("data/sandbox.json", "utf8"));
const client = createClient({ url: http_url, accountId: account_id, clientId: client_id, clientSecret: client_secret });
const { stores } = await client.stores.list();
const serialNumber = `serial-${process.version.replaceAll(".", "-")}`;
const registered = { device_serial_number: serialNumber, store_id: stores[0]?.store_id ?? "" };
const { terminal_id, pairing } = await client.terminals.create(registered);

const keys = makeDeviceKeys();
const first = await pairDevice({ server: http_url, keys, serialNumber, code: pairing?.code ?? "" });
const device = await DeviceCredential.open({ server: http_url, keys, terminalId: terminal_id, first });
const agent = new Agent({
  credential: device.credential,
  agentName: "be-a-terminal/1.0",
  journal: memoryJournal(undefined, first.address),
  handlers: { open_menu: { run: () => Promise.resolve({ status: "COMPLETED", result: { opened: true } }) } },
});
agent.start();

const { id } = await client.operations.create({ terminal_id, operation: "open_menu" });
const { status } = await client.operations.wait(id);
console.log(process.version, status);
await agent.stop();
device.stop();
await createVirtualFleet({}).stopAll();
