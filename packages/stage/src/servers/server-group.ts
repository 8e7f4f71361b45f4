import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDb } from "@tillkeeper/server/db/db";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { inject } from "vitest";
import { startMosquitto } from "../brokers/mosquitto.ts";
import { Balancer } from "../links/balancer.ts";
import { createTestDatabase, filesOf } from "../postgres/database.ts";
import { type Serving, serve } from "./serving.ts";
import { makeTenant, send, type Tenant, type TestServer } from "./test-server.ts";

/** Three real `tillkeeper serve` on one broker and one database, behind a balancer that checks their health. */
export interface ServerGroup extends Pick<TestServer, "call" | "mqttUrl" | "url" | "db"> {
  members: Serving[];
  tenant: Tenant;
  stop(): Promise<void>;
}

/** Starts the servers, their broker and their balancer, with one account. The caller stops them. */
export async function startServerGroup(aid: string): Promise<ServerGroup> {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-group-"));
  const database = await createTestDatabase();
  const mosquitto = await startMosquitto();
  const balancer = await Balancer.start({ checks: true });
  const url = `http://${balancer.host}`;
  const env = {
    DATABASE_URL: database.url,
    MQTT_URL: mosquitto.url,
    TILLKEEPER_PUBLIC_URL: url,
    TILLKEEPER_KEY_FILE: inject("keyFile"),
    TILLKEEPER_FILES: filesOf(database.url).path,
    TILLKEEPER_LOG_LEVEL: process.env["TEST_LOG"] === "1" ? "info" : "silent",
    NODE_COMPILE_CACHE: inject("compiled"),
  };
  const members = await Promise.all([1, 2, 3].map(() => serve({ folder, env })));
  balancer.use(members.map((member) => Number(new URL(member.url).port)));
  const db = openDb({ connectionString: database.url }, createLogger("silent"));
  const call: TestServer["call"] = (method, path, request) => send<never>(url, method, path, request);
  return {
    url,
    mqttUrl: mosquitto.url,
    db,
    call,
    members,
    tenant: await makeTenant({ db, url }, aid),
    async stop() {
      await Promise.all(members.map((member) => member.stop()));
      await balancer.stop();
      await mosquitto.stop();
      await db.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
