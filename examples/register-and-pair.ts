// Registers a terminal, shows its pairing code, and waits until a device has paired.
// node examples/register-and-pair.ts SERIAL
import { setTimeout as sleep } from "node:timers/promises";
import { fromSandbox } from "@tillkeeper/sdk/node";

const client = fromSandbox();

const { stores } = await client.stores.list({ limit: 1 });
const { terminal_id, pairing } = await client.terminals.create({
  device_serial_number: process.argv[2] ?? "123456789012",
  store_id: stores[0]?.store_id ?? "",
});
console.log(`${terminal_id}: type ${pairing?.code} on the device, or scan ${pairing?.qr_text}`);

let { status } = await client.terminals.get(terminal_id);
for (; status === "PENDING"; { status } = await client.terminals.get(terminal_id)) await sleep(1000);
console.log(`${terminal_id} has a device, and is ${status}`);
