import { type RawBuilder, sql } from "kysely";
import QuickLRU from "quick-lru";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { ActorNames } from "../../platform/actor-names.ts";
import { isUuid } from "../../platform/formats.ts";
import { sharedWork } from "../../platform/store-limit.ts";

/** How long a name counts before it is looked up again: callers read the same operation again and again until it has ended. */
const keptMs = 5_000;
const mostKept = 10_000;

/** No client and no user has an id of these forms: parts of the server, devices, and clients of other accounts. */
const nobody: ReadonlySet<string> = new Set(["system", "autopilot", "device"]);

function canBeNamed(id: string): boolean {
  return !nobody.has(id) && !id.includes(":") && !id.includes("/");
}

/** An id, and the name, if it has one, with the moment from which it is looked up again. */
interface Known {
  name: string | undefined;
  until: number;
}

/**
 * Looks up the names of clients and of users, removed ones as well. A caller who is limited to stores gets all names of actors that its answers
 * show: a name is given only for an id that the caller was shown.
 */
export function createActorNames(db: Db, now: () => number = () => performance.now()): ActorNames {
  const kept = new QuickLRU<string, Known>({ maxSize: mostKept });
  return {
    async of(accountId, ids) {
      const asked = ids.filter((id) => canBeNamed(id));
      const isKept = (id: string) => (kept.get(`${accountId} ${id}`)?.until ?? 0) > now();
      const missing = asked.filter((id) => !isKept(id));
      const found = missing.length > 0 ? await read(db, accountId, missing) : new Map<string, string>();
      for (const id of missing) kept.set(`${accountId} ${id}`, { name: found.get(id), until: now() + keptMs });
      return new Map(
        asked.flatMap((id) => {
          const name = found.get(id) ?? kept.get(`${accountId} ${id}`)?.name;
          return name === undefined ? [] : [[id, name] as const];
        }),
      );
    },
  };
}

async function read(db: Db, accountId: string, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await sharedWork(() =>
    inTenant(db, accountId, async (tx) => (await namesQuery(accountId, ids).execute(tx)).rows),
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

function namesQuery(accountId: string, ids: readonly string[]): RawBuilder<{ id: string; name: string }> {
  return sql<{ id: string; name: string }>`
    select client_id as id, name from clients
    where account_id = ${accountId} and client_id = any(${ids}::text[]) and name is not null
    union all
    select id::text, name from account_users
    where account_id = ${accountId} and id = any(${ids.filter((id) => isUuid(id))}::uuid[])`;
}
