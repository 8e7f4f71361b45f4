import { createHash, randomBytes, randomUUID, scryptSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { expect, it } from "vitest";
import { openDb } from "../../src/db/db.ts";
import { migrate } from "../../src/db/migrate.ts";
import { newId } from "../../src/platform/ids.ts";
import { createLogger } from "../../src/platform/log/log.ts";

const dayMs = 86_400_000;

it("moves operations of before into months and claims: what was pending ends, what had a key is still known", async () => {
  const database = await createTestDatabase({ empty: true });
  const db = openDb({ connectionString: database.url }, createLogger("silent"));
  await migrate(db, "0006_clients.sql");
  const now = new Date();
  const ago = (days: number) => new Date(now.getTime() - days * dayMs);
  await db.pool.query("insert into accounts (account_id, name, created_at) values ('T66000001', 'x', now())");
  const insert = async (created: Date, status: string, more: { key?: string; due?: Date } = {}) => {
    const id = newId(created);
    await db.pool.query(
      `insert into operations (account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by,
         updated_at, updated_by, client_id, idempotency_key, request_sha256, result)
       values ('T66000001', $1, 'T66000001-T' || $2::text, 'open_menu', $3, '{}', $4::timestamptz + interval '10 minutes', $4, 'c',
         $4, 'c', 'c', $5, '\\x00', case when $3 = 'COMPLETED' then '{"opened": true}'::jsonb end)`,
      [id, id.slice(-4), status, created, more.key ?? null],
    );
    if (more.due)
      await db.pool.query("insert into outbox values ('T66000001', $1, 'T66000001-T' || $2::text, $3, 1)", [
        id,
        id.slice(-4),
        more.due,
      ]);
    return id;
  };
  const old = await insert(ago(95), "COMPLETED");
  const recent = await insert(ago(1), "COMPLETED", { key: randomUUID() });
  const queued = await insert(now, "PENDING", { key: randomUUID(), due: now });
  const begun = await insert(now, "PENDING");
  await db.close();

  const server = await startTestServer({ database });
  const tenant = await server.account("T66000001", { clientId: "of-today" });
  const statuses = async () => {
    const { body } = await server.call("GET", "/v1/admin/terminals/operations", tenant);
    return new Map<string, string>(body.map((row: { id: string; status: string }) => [row.id, row.status]));
  };
  expect(new Set((await statuses()).keys())).toEqual(new Set([old, recent, queued, begun]));
  const claims = await server.db.sql.selectFrom("operation_claims").selectAll().execute();
  const held = claims.map(({ operation_id, terminal_id, due_at }) => [operation_id, { terminal_id, due_at }] as const);
  expect(new Map(held)).toEqual(
    new Map([
      [recent, { terminal_id: null, due_at: null }],
      [queued, { terminal_id: expect.any(String), due_at: expect.any(Date) }],
      [begun, { terminal_id: expect.any(String), due_at: null }],
    ]),
  );
  server.clock.advance(620_000);
  await expect
    .poll(async () => [...(await statuses()).values()].toSorted())
    .toEqual(["COMPLETED", "COMPLETED", "TIMEOUT", "TIMEOUT"]);
  await server.stop();
  await database.drop();
});

it("ends what tokens opened that nobody noted, within the longest time that a token may live", async () => {
  const server = await startTestServer();
  const { terminal_id: paired } = await registerForPairing(server, await server.account("T66000003"), "660000000003");
  const { terminal_id: given } = await registerForPairing(server, await server.account("T66000004"), "660000000004");
  // As a server of an earlier version writes them, and as the migration finds them.
  const insert = (id: string, column: string, value: string) =>
    server.db.pool.query(
      `insert into terminal_credentials (account_id, terminal_id, address, ${column}, created_at)
       values ($1, $2, $2 || '-D1', $3, now())`,
      [id.slice(0, 9), id, value],
    );
  await insert(paired, "public_key", "{}");
  await insert(given, "secret_sha256", "\\x00");
  const text = await readFile(new URL("../../src/db/migrations/0012_token_ends.sql", import.meta.url), "utf8");
  await server.db.pool.query(/^update terminal_credentials[^;]*;/m.exec(text)?.[0] ?? "");
  server.clock.advance(8 * dayMs);
  const lapsed = async () => {
    const query = server.db.sql.selectFrom("terminal_credentials").select(["terminal_id", "lapsed_at"]);
    return (await query.execute()).filter((row) => row.lapsed_at !== null).map((row) => row.terminal_id);
  };
  await expect.poll(lapsed).toEqual([paired]);
  await server.stop();
});

it("gives what was live an address: a close of the day stays with the device that may have it, or with none", async () => {
  const database = await createTestDatabase({ empty: true });
  const db = openDb({ connectionString: database.url }, createLogger("silent"));
  await migrate(db, "0021_grants_within_reach.sql");
  const aid = "T66000006";
  await db.pool.query("insert into accounts (account_id, name, created_at) values ($1, 'x', now())", [aid]);
  // Other columns of stores and operations do not matter here.
  await db.pool.query("alter table terminals drop constraint terminals_account_id_store_ref_fkey");
  const [present, gone] = [randomUUID(), randomUUID()];
  const add = async (number: number, operation: string, more: { credential?: string; claim?: object } = {}) => {
    const terminalId = `${aid}-T000${number}`;
    if (more.credential)
      await db.pool.query(
        `insert into terminal_credentials (account_id, terminal_id, credential_id, secret_sha256, created_at)
         values ($1, $2, $3, '\\x00', now())`,
        [aid, terminalId, more.credential],
      );
    const claim = { attempts: 0, recipient_gone_at: null, sent_to: null, ...more.claim };
    await db.pool.query(
      `insert into operation_claims (account_id, operation_id, terminal_id, client_id, operation, created_at, deadline,
         attempts, recipient_gone_at, sent_to)
       values ($1, $2, $3, 'c', $4, now(), now() + interval '1 hour', $5, $6, $7)`,
      [aid, randomUUID(), terminalId, operation, claim.attempts, claim.recipient_gone_at, claim.sent_to],
    );
  };
  for (let number = 1; number <= 7; number += 1)
    await db.pool.query(
      `insert into terminals (account_id, id, number, terminal_id, store_ref, device_serial_number, simulated, status,
         created_at, created_by, updated_at)
       values ($1, $5, $4, $2, 'S', $3, false, 'ACTIVE', now(), 'c', now())`,
      [aid, `${aid}-T000${number}`, `6600000060${number}`, number, randomUUID()],
    );
  await add(1, "end_of_day", { credential: present, claim: { attempts: 1, sent_to: present } });
  await add(2, "end_of_day", { credential: randomUUID() });
  await add(3, "end_of_day", { credential: randomUUID(), claim: { attempts: 1, sent_to: gone } });
  await add(4, "end_of_day", { credential: randomUUID(), claim: { attempts: 1, recipient_gone_at: new Date() } });
  await add(5, "end_of_day");
  await add(6, "open_menu", { credential: randomUUID(), claim: { attempts: 1 } });
  await migrate(db);
  const query = `select claim.terminal_id, claim.address as told, credential.address, terminals.last_device
    from terminals left join operation_claims as claim using (account_id, terminal_id)
    left join terminal_credentials as credential using (account_id, terminal_id) order by terminals.terminal_id`;
  const { rows } = await db.pool.query(query);
  const end = (address: string | null) => address?.split("-").at(-1) ?? null;
  expect(rows.map((row) => [end(row.told), end(row.address), row.last_device])).toEqual([
    ["D1", "D1", 1],
    ["D1", "D1", 1],
    ["D0", "D1", 1],
    ["D0", "D1", 1],
    ["D0", null, 0],
    [null, "D1", 1],
    [null, null, 0],
  ]);
  await db.close();
  await database.drop();
});

/** The hash of every secret before migration 0015. */
function oldHash(secret: string): string {
  const salt = randomBytes(16);
  const key = scryptSync(secret, salt, 32, { N: 32_768, r: 8, p: 1, maxmem: 2 ** 27 });
  return ["scrypt", 32_768, 8, 1, salt.toString("base64url"), key.toString("base64url")].join("$");
}

it("goes on with secrets of before: made ones get a digest when they match next, of chosen ones the newest counts", async () => {
  const database = await createTestDatabase({ empty: true });
  const db = openDb({ connectionString: database.url }, createLogger("silent"));
  await migrate(db, "0014_recipients.sql");
  const aid = "T66000005";
  await db.pool.query("insert into accounts (account_id, name, created_at) values ($1, 'x', now())", [aid]);
  const insertClient = async (clientId: string, secrets: string[]) => {
    const id = randomUUID();
    await db.pool.query("insert into clients (account_id, client_id, id, created_at) values ($1, $2, $3, now())", [
      aid,
      clientId,
      id,
    ]);
    await db.pool.query(
      `insert into client_grants (account_id, id, client_id, audience_account_id, scopes, created_at)
       values ($1, $2, $3, $1, '{read:accounts}', now())`,
      [aid, id, clientId],
    );
    for (const [number, secret] of secrets.entries()) {
      const tag = createHash("sha256").update(secret).digest()[0];
      const hint = secret.length >= 43 ? secret.slice(-4) : null;
      await db.pool.query(
        `insert into client_secrets (account_id, client_id, secret_id, secret_hash, tag, last_four, created_at)
         values ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')`,
        [aid, clientId, randomUUID(), oldHash(secret), tag, hint, number],
      );
    }
  };
  const made = [randomBytes(32).toString("base64url"), randomBytes(32).toString("base64url")];
  await insertClient("made", made);
  await insertClient("chosen", ["the-first-of-the-sandbox", "the-second-of-the-sandbox"]);
  await db.close();

  const server = await startTestServer({ database });
  const forms = async (clientId: string) => {
    const { rows } = await server.db.pool.query(
      `select split_part(secret_hash, '$', 1) as form from client_secrets
       where client_id = $1 and revoked_at is null order by created_at`,
      [clientId],
    );
    return rows.map((row) => row.form);
  };
  const getToken = async (clientId: string, secret: string) => {
    const headers = { authorization: basic(clientId, secret) };
    const body = { grant_type: "client_credentials", audience: `https://api.dintero.com/v1/accounts/${aid}` };
    return (await server.call("POST", `/v1/accounts/${aid}/auth/token`, { headers, body })).status;
  };
  expect(await forms("made")).toEqual(["scrypt", "scrypt"]);
  expect(await getToken("made", randomBytes(32).toString("base64url"))).toBe(401);
  expect(await forms("made")).toEqual(["scrypt", "scrypt"]);
  expect(await getToken("made", made[0] as string)).toBe(200);
  expect(await forms("made")).toEqual(["sha256", "scrypt"]);
  const again = await Promise.all(made.map((secret) => getToken("made", secret)));
  expect(again).toEqual([200, 200]);
  expect(await forms("made")).toEqual(["sha256", "sha256"]);
  for (const secret of made) expect(await getToken("made", secret)).toBe(200);
  expect(await getToken("made", `${made[0]}x`)).toBe(401);

  expect(await getToken("chosen", "the-second-of-the-sandbox")).toBe(200);
  expect(await getToken("chosen", "the-first-of-the-sandbox")).toBe(401);
  expect(await forms("chosen")).toEqual(["scrypt"]);
  await server.stop();
  await database.drop();
});

it("keeps ids and names of before in one spelling, and gives no store the generated id of another", async () => {
  const database = await createTestDatabase({ empty: true });
  const db = openDb({ connectionString: database.url }, createLogger("silent"));
  await migrate(db, "0030_running_clock.sql");
  const aid = "T66000007";
  await db.pool.query("insert into accounts (account_id, name, created_at) values ($1, $2, now())", [
    aid,
    "Café".normalize("NFD"),
  ]);
  const storeIds = [`${aid}-0002`, `${aid}-0001`, "Bø", "Café".normalize("NFD"), "Thé".normalize("NFD"), "Thé"];
  for (const [place, storeId] of storeIds.entries()) {
    await db.pool.query(
      `insert into stores (account_id, id, number, store_id, status, verified, store_name, created_at, created_by, updated_at,
         updated_by)
       values ($1, $1 || '-' || lpad($2::text, 4, '0'), $2::int, $3, 'ACTIVE', false, $3, now(), 'c', now(), 'c')`,
      [aid, place + 1, storeId],
    );
  }
  await migrate(db);
  const { rows } = await db.pool.query("select store_id, store_name from stores order by number");
  expect(rows.map((row) => row.store_id)).toEqual([
    `${aid}-0001`,
    `${aid}-0002`,
    "Bø",
    "Café".normalize("NFC"),
    // Two stores in use do not become one.
    "Thé".normalize("NFD"),
    "Thé",
  ]);
  expect(rows[3].store_name).toBe("Café".normalize("NFC"));
  await db.close();
  await database.drop();
});
