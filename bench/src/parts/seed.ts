import { newSecret, sha256 } from "@tillkeeper/server/access/auth/secrets/secrets";
import type { Db } from "@tillkeeper/server/db/db";
import { accountId, addressOf, firstTerminalNumber, terminalId, terminalIdPrefix } from "./terminal-set.ts";

export const clientId = "bench";

/** The client that sends operations. */
export const sender = { accountId, clientId, scopes: ["admin:checkout"] } as const;

/** Inserts `size` ACTIVE terminals, spread evenly over `stores` stores, and analyzes the table for the planner. */
export async function seedTerminals(db: Db, size: number, stores = 1): Promise<void> {
  await db.pool.query(
    `insert into stores (account_id, id, number, store_id, status, verified, created_at, created_by, updated_at, updated_by)
     select $1, $1 || '-' || lpad(number::text, greatest(4, length(number::text)), '0'), number, 'S' || number, 'ACTIVE', true, now(), $2, now(), $2
     from generate_series(1, $3::int) as number`,
    [accountId, clientId, stores],
  );
  await db.pool.query({
    text: `insert into terminals (account_id, terminal_id, number, id, store_ref, device_serial_number, device_model,
             simulated, status, created_at, created_by, updated_at)
           select $1, $2::text || number, number, gen_random_uuid(),
             $1 || '-' || lpad(store, greatest(4, length(store)), '0'), 'B' || number, null,
             false, 'ACTIVE', now(), $3, now()
           from generate_series($4::int, $4::int + $5::int - 1) as number
           cross join lateral (select (1 + (number - $4::int) / ($5::int / $6::int))::text as store) as belongs`,
    values: [accountId, terminalIdPrefix, clientId, firstTerminalNumber, size, stores],
    // Exceeds the query timeout of the server's own statements: a slow machine may need a minute for this statement.
    query_timeout: 180_000,
  } as { text: string; values: unknown[] });
  await db.pool.query("vacuum analyze terminals");
}

export interface DeviceAccess {
  terminalId: string;
  address: string;
  password: string;
}

/** Inserts an address and a password for each of the first `size` terminals, and returns them. */
export async function seedCredentials(db: Db, size: number): Promise<DeviceAccess[]> {
  const devices = Array.from({ length: size }, (_, number) => ({
    terminalId: terminalId(number),
    address: addressOf(number),
    password: newSecret(),
  }));
  await db.pool.query(
    `with device as (
       select * from unnest($2::text[], $3::text[], $4::bytea[]) as row (terminal_id, address, secret)
     ), known as (
       insert into terminal_addresses (account_id, address, terminal_id, created_at)
       select $1, address, terminal_id, now() from device
     )
     insert into terminal_credentials (account_id, terminal_id, address, secret_sha256, created_at)
     select $1, terminal_id, address, secret, now() from device`,
    [
      accountId,
      devices.map((device) => device.terminalId),
      devices.map((device) => device.address),
      devices.map((device) => sha256(device.password)),
    ],
  );
  return devices;
}
