import { randomInt } from "node:crypto";
import { type DemoContext, documentedTime, uuid } from "./demo-context.ts";

/** Plays the set-up: a token, a store, and a virtual terminal in it, whose id is returned. */
export async function setUp(context: DemoContext): Promise<string> {
  const { steps, client, last, accountId, clientId } = context;
  const storeId = `demo-${randomInt(1000, 10_000)}`;
  const serial = `SIMULATED-${accountId}-100`;
  let terminalId = "";

  await steps.step("Get a token", "200, Bearer, 14400 s", async (checks) => {
    const token = await client.token();
    checks.equal("the status code", last().status, 200);
    checks.equal("token_type", token.token_type, "Bearer");
    checks.equal("expires_in", token.expires_in, 14_400);
    checks.equal("scope", token.scope.split(" ").toSorted(), ["admin:accounts", "admin:checkout", "admin:hooks"]);
    checks.matches("access_token", token.access_token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    return `${last().status}, ${token.token_type}, ${token.expires_in} s`;
  });

  await steps.step("Create a store", "201, ACTIVE", async (checks) => {
    const store = await client.stores.create({ store_id: storeId, store_name: "Demo" });
    checks.equal("the status code", last().status, 201);
    checks.equal("store_id", store.store_id, storeId);
    checks.matches("id", store.id, new RegExp(`^${accountId}-\\d{4}$`));
    checks.equal("status", store.status, "ACTIVE");
    checks.equal("number_of_terminals", store.number_of_terminals, 0);
    checks.equal("created_by", store.created_by, clientId);
    checks.matches("created_at", store.created_at, documentedTime);
    checks.note(store.store_id);
    return `${last().status}, ${store.status}`;
  });

  await steps.step("Register a virtual terminal in it", "201, ACTIVE", async (checks) => {
    const terminal = await client.terminals.create({ device_serial_number: serial, store_id: storeId });
    const { status } = last();
    checks.equal("the status code", status, 201);
    checks.matches("terminal_id", terminal.terminal_id, new RegExp(`^${accountId}-T\\d{4,}$`));
    checks.matches("id", terminal.id, uuid);
    checks.equal("device_serial_number", terminal.device_serial_number, serial);
    checks.equal("store_id", terminal.store_id, storeId);
    checks.equal("status", terminal.status, "ACTIVE");
    checks.equal("terminals of the store", (await client.stores.get(storeId)).number_of_terminals, 1);
    terminalId = terminal.terminal_id;
    checks.note(terminalId);
    return `${status}, ${terminal.status}`;
  });
  return terminalId;
}
