import { world } from "@tillkeeper/stage/world";
import { expect } from "vitest";
import { comingYear, fails, storeOf } from "./closings.ts";
import { MailServer } from "./mail-server.ts";

/** One try, however long ago its time was over. */
export const tryOnce = { retry_until: "2020-01-01T00:00:00Z" };

/** A server that sends mail, with stores whose days end without being closed. In Oslo it is two hours later than the instants say. */
export async function mailWorld() {
  const post = await MailServer.open();
  const { server, tenant, aid } = await world({ own: { config: { mail: post.config() } } });
  const clock = storeOf(server, tenant);
  await clock.register();
  return {
    post,
    server,
    tenant,
    aid,
    clock,
    ...comingYear(server, clock),
    /** A store whose terminal fails to close. */
    failing: async (mailTo: object[]) => {
      const store = storeOf(server, tenant);
      const till = await store.till(fails("device_error"));
      const answer = await store.call("PATCH", configurationOf(store), { mail_to: mailTo });
      expect(answer.status).toBe(200);
      return { store, till };
    },
    /** The days of a store that were noticed, and whether they were told of. */
    looked: async (storeId: string) => {
      const { rows } = await server.db.pool.query(
        `select told_at is not null as told from mail_days join stores on stores.account_id = mail_days.account_id
         and stores.id = mail_days.store_ref where stores.account_id = $1 and stores.store_id = $2`,
        [aid, storeId],
      );
      return rows;
    },
  };
}

type Store = ReturnType<typeof storeOf>;

/** The caller's id of a store. */
export function idOf({ path }: Store): string {
  return path.split("/").at(-2) as string;
}

/** The address of a store's configuration. */
export function configurationOf({ path }: Store): string {
  return path.replace("closings", "configuration");
}
