import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  asSuperuser,
  databaseUrl,
  makeOwner,
  type OwnPostgres,
  startOwnPostgres,
} from "@tillkeeper/stage/postgres/own-postgres";
import { send, startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tablesInOrder } from "../../src/db/backup/tables.ts";
import { allAccountsSetting } from "../../src/db/db.ts";

const programs = "/usr/lib/postgresql/15/bin";
const allAccounts = { PGOPTIONS: "-c tillkeeper.all_accounts=on" };

async function run(program: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  await promisify(execFile)(join(programs, program), args, { env: { PATH: "/usr/bin:/bin", LC_ALL: "C", ...env } });
}

describe("PostgreSQL's own programs, run by the owner of the tables", () => {
  let folder: string;
  let postgres: OwnPostgres;
  let server: TestServer;
  let tenant: Tenant;
  let url: string;
  let restoredUrl: string;
  let keyFile: string;
  let files: { kind: "folder"; path: string };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tillkeeper-dump-"));
    keyFile = join(folder, "key");
    files = { kind: "folder", path: join(folder, "files") };
    postgres = await startOwnPostgres();
    const owner = await makeOwner(postgres, "app");
    for (const name of ["app", "restored"]) await asSuperuser(postgres, `create database ${name} owner ${owner.user}`);
    url = databaseUrl(owner, "app");
    restoredUrl = databaseUrl(owner, "restored");
    server = await startTestServer({ database: { url, drop: async () => undefined }, config: { keyFile, files } });
    tenant = await server.account();
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S1" } });
  });
  afterAll(async () => {
    await server.stop();
    await postgres.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it("fail instead of writing an empty dump", async () => {
    const dump = run("pg_dump", ["--format=custom", `--file=${join(folder, "plain.dump")}`, url]);
    await expect(dump).rejects.toThrow("query would be affected by row-level security policy");
    await expect(run("pg_dump", [`--file=${join(folder, "plain.sql")}`, url], allAccounts)).rejects.toThrow(
      "query would be affected by row-level security policy",
    );
  });

  it("dump and restore all rows with the setting, without a superuser, and a server goes on with them", async () => {
    const file = join(folder, "whole.dump");
    const before = await rowsOf(url);
    await run("pg_dump", ["--enable-row-security", "--format=custom", `--file=${file}`, url], allAccounts);
    await run("pg_restore", ["--no-owner", "--exit-on-error", `--dbname=${restoredUrl}`, file]);
    expect(await rowsOf(restoredUrl)).toEqual(before);
    expect(before["stores"]).toBe(1);
    const again = await startTestServer({
      database: { url: restoredUrl, drop: async () => undefined },
      config: { keyFile, files },
    });
    const answer = await send<{ stores: unknown[] }>(again.url, "GET", `/v1/accounts/${tenant.aid}/stores`, tenant);
    expect(answer.status).toBe(200);
    expect(answer.body.stores).toHaveLength(1);
    await again.stop();
  });
});

async function rowsOf(url: string): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(allAccountsSetting);
  const counts: Record<string, number> = {};
  for (const { name } of await tablesInOrder(client)) {
    counts[name] = Number((await client.query(`select count(*) as n from ${name}`)).rows[0].n);
  }
  await client.end();
  return counts;
}
