import type { EventType } from "@tillkeeper/contract/events";
import type { HookSubscription, HookSubscriptionCreated } from "@tillkeeper/contract/http/hook-schemas";
import { type Receiver, startReceiver } from "@tillkeeper/stage/receivers/receiver";
import type { SharedServer, Tenant } from "@tillkeeper/stage/servers/test-server";
import { sql } from "kysely";
import { afterAll, expect } from "vitest";
import { inTenant } from "../../src/db/tenants/tenant.ts";
import { writeEvents } from "../../src/events/write.ts";

/** A server whose webhooks may reach the receivers of tests. */
export const reachesTests = { config: { webhooksMayBePrivate: true } };

/** A receiver that ends with its test file. */
export async function receiver(): Promise<Receiver> {
  const one = await startReceiver();
  afterAll(() => one.close());
  return one;
}

/** The webhooks of an account. */
export function hooksOf(server: SharedServer, tenant: Tenant) {
  const base = `/v1/accounts/${tenant.aid}/hooks/subscriptions`;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  const call = <T = any>(method: string, path = "", body?: unknown) =>
    server.call<T>(method, `${base}${path}`, { ...tenant, ...(body !== undefined && { body }) });
  return {
    call,
    create: async (url: string, more: object = {}, config: object = {}): Promise<HookSubscriptionCreated> => {
      const body = { config: { url, ...config }, events: ["account_store_update"], ...more };
      const made = await call<HookSubscriptionCreated>("POST", "", body);
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
      return made.body;
    },
    get: async (id: string): Promise<HookSubscription> => (await call("GET", `/${id}`)).body,
    deliveries: async (id: string, query = "") => (await call("GET", `/${id}/deliveries${query}`)).body,
    /** Makes events true, one after the other. */
    /** Writes events, and waits until they have their places. */
    happen: async (subjects: readonly string[], type: EventType = "account_store_update") => {
      await inTenant(server.db, tenant.aid, (tx) =>
        writeEvents(
          tx,
          subjects.map((subject) => ({
            accountId: tenant.aid,
            type,
            cause: "store.update",
            at: new Date(),
            subject,
            actor: "test",
            data: { store_id: subject, address: { country: "NO" }, phone_number: "+4712345678" },
          })),
        ),
      );
      const waiting = sql<{
        count: number;
      }>`select count(*)::int as count from new_events where account_id = ${tenant.aid}`;
      await expect.poll(async () => (await waiting.execute(server.db.sql)).rows[0]?.count).toBe(0);
    },
  };
}

/** The ids of the events that came, in order. */
export function subjectsOf(one: Receiver): string[] {
  return one.events().map(({ body }) => JSON.parse(body).subject);
}
