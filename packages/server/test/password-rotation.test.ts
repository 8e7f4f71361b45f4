import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { asSuperuser, databaseUrl } from "@tillkeeper/stage/postgres/own-postgres";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { expect, inject, it } from "vitest";

it("goes on with a new password of the database, from the file, without a restart; and is unavailable in between", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rotation-"));
  const postgres = inject("postgres");
  const user = `owner_${randomBytes(6).toString("hex")}`;
  const database = await createTestDatabase({ empty: true });
  const name = new URL(database.url).pathname.slice(1);
  const urlWith = (password: string) => databaseUrl({ ...postgres, user, password }, name);
  const inCluster = (text: string) => asSuperuser(postgres, text, name);
  await inCluster(`create role ${user} login password 'first'`);
  await inCluster(`grant tillkeeper_tenant to ${user}`);
  await inCluster(`alter database ${name} owner to ${user}`);
  await inCluster(`alter schema public owner to ${user}`);
  const file = join(folder, "database-url");
  writeFileSync(file, `${urlWith("first")}\n`);

  const server = await startTestServer({
    database: { ...database, url: urlWith("first") },
    config: { databaseUrlFile: file },
  });
  const tenant = await server.account("T66000010");
  const stores = `/v1/accounts/${tenant.aid}/stores`;
  const post = async (storeId: string) =>
    (await server.call("POST", stores, { ...tenant, body: { store_id: storeId } })).status;
  expect(await post("S1")).toBe(201);
  await inCluster(`alter role ${user} password 'second'`);
  const endConnections = () =>
    inCluster(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${user}'`);
  await endConnections();
  // The first may meet a connection whose end has not been noticed yet, which is 503, too.
  expect([await post("S2"), await post("S2")]).toEqual([503, 503]);
  writeFileSync(file, `${urlWith("second")}\n`);
  await expect.poll(() => post("S2")).toBe(201);

  await server.stop();
  await database.drop();
  await asSuperuser(postgres, `drop role ${user}`);
  rmSync(folder, { recursive: true });
});
