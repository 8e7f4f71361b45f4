import { randomInt } from "node:crypto";
import { documentedTime, type Scene, uuid } from "./scene.ts";

/** Plays the set-up: a token, a store, and a virtual terminal in it, whose id is returned. */
export async function setUp(scene: Scene): Promise<string> {
  const { stage, client, last, accountId, clientId } = scene;
  const storeId = `demo-${randomInt(1000, 10_000)}`;
  const serial = `SIMULATED-${accountId}-100`;
  let terminalId = "";

  await stage.step("Get a token", "200, Bearer, 14400 s", async (facts) => {
    const token = await client.token();
    facts.equal("the status code", last().status, 200);
    facts.equal("token_type", token.token_type, "Bearer");
    facts.equal("expires_in", token.expires_in, 14_400);
    facts.equal("scope", token.scope.split(" ").toSorted(), ["admin:accounts", "admin:checkout"]);
    facts.matches("access_token", token.access_token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    return `${last().status}, ${token.token_type}, ${token.expires_in} s`;
  });

  await stage.step("Create a store", "201, ACTIVE", async (facts) => {
    const store = await client.stores.create({ store_id: storeId, store_name: "Demo" });
    facts.equal("the status code", last().status, 201);
    facts.equal("store_id", store.store_id, storeId);
    facts.matches("id", store.id, new RegExp(`^${accountId}-\\d{4}$`));
    facts.equal("status", store.status, "ACTIVE");
    facts.equal("number_of_terminals", store.number_of_terminals, 0);
    facts.equal("created_by", store.created_by, clientId);
    facts.matches("created_at", store.created_at, documentedTime);
    facts.note(store.store_id);
    return `${last().status}, ${store.status}`;
  });

  await stage.step("Register a virtual terminal in it", "201, ACTIVE", async (facts) => {
    const terminal = await client.terminals.create({ device_serial_number: serial, store_id: storeId });
    const { status } = last();
    facts.equal("the status code", status, 201);
    facts.matches("terminal_id", terminal.terminal_id, new RegExp(`^${accountId}-T\\d{4,}$`));
    facts.matches("id", terminal.id, uuid);
    facts.equal("device_serial_number", terminal.device_serial_number, serial);
    facts.equal("store_id", terminal.store_id, storeId);
    facts.equal("status", terminal.status, "ACTIVE");
    facts.equal("terminals of the store", (await client.stores.get(storeId)).number_of_terminals, 1);
    terminalId = terminal.terminal_id;
    facts.note(terminalId);
    return `${status}, ${terminal.status}`;
  });
  return terminalId;
}
