import type { Random } from "@tillkeeper/stage/programs/random";
import { missingOf } from "./values.ts";
import type { World } from "./world.ts";

/** An id by its kind, perhaps with ids of what it belongs to. */
export type Thing = Record<string, string>;

const mostMade = 300;
const ofAccount = new Set(["aid", "oid", "account_id"]);
/** Kinds that are picked together with another: the client that has the secret. */
const ownerOf: Record<string, string> = { secret_id: "secret_client" };
const ownedBy = Object.fromEntries(Object.entries(ownerOf).map(([kind, owner]) => [owner, kind]));

/**
 * What lives in the own account, as far as the server has said: the things of the world, which no request ends on purpose,
 * and those that the run has made. What a hostile request renames has its new name from then on.
 */
export class Pools {
  readonly #world: World;
  readonly #kept = new Map<string, Thing[]>();
  readonly #made = new Map<string, Thing[]>();

  constructor(world: World) {
    this.#world = world;
    const { ids } = world.own;
    for (const [kind, known] of Object.entries(ids)) {
      const owner = ownerOf[kind];
      const things = known.map((id, n) => ({ ...(owner && { [owner]: ids[owner]?.[n] ?? "" }), [kind]: id }));
      if (!(kind in ownedBy)) this.#kept.set(kind, things);
    }
  }

  /** A newer one takes the place of the oldest. */
  add(kind: string, thing: Thing): void {
    this.#made.set(kind, [...(this.#made.get(kind) ?? []).slice(-(mostMade - 1)), thing]);
  }

  /** It has ended, or is not there. */
  forget(kind: string, id: string): void {
    const list = ownedBy[kind] ?? kind;
    for (const things of [this.#kept, this.#made]) {
      const known = things.get(list) ?? [];
      if (known.some((thing) => thing[kind] === id)) {
        things.set(
          list,
          known.filter((thing) => thing[kind] !== id),
        );
      }
    }
    if (kind === "client_ref") this.forget("secret_client", id);
  }

  /** The server calls it by another id. */
  rename(kind: string, from: string, to: string): void {
    if (from === to) return;
    const known = [this.#kept, this.#made].flatMap((things) => things.get(kind) ?? []);
    const renamed = known.filter((thing) => thing[kind] === from);
    for (const thing of renamed) thing[kind] = to;
    if (renamed.length === 0) this.add(kind, { [kind]: to });
  }

  /** Picks ids for one request. What the request ends must have been made by the run. */
  picker(random: Random, destructive: boolean): (kind: string) => string {
    const { own, waiting } = this.#world;
    const pick = (list: string): Thing | undefined => {
      const kept = this.#kept.get(list) ?? [];
      const made = this.#made.get(list) ?? [];
      if (made.length > 0 && (destructive || kept.length === 0 || random.chance(0.3))) return random.pick(made);
      return destructive || kept.length === 0 ? undefined : random.pick(kept);
    };
    let owned: Thing = {};
    return (kind) => {
      if (kind === "update_operation_id") return waiting.check_update.transfer.operationId;
      if (kind === "logs_operation_id") return waiting.send_logs.transfer.operationId;
      if (ofAccount.has(kind)) return own.accountId;
      // The owner was picked for the sake of this one.
      const { [kind]: known, ...rest } = owned;
      owned = rest;
      const thing = known === undefined ? pick(ownedBy[kind] ?? kind) : undefined;
      if (thing && kind in ownedBy) owned = thing;
      return known ?? thing?.[kind] ?? missingOf(own.ids[kind]?.[0] ?? "x");
    };
  }
}
