import type { Random } from "@tillkeeper/stage/programs/random";
import { missingIdLike } from "./values.ts";
import type { World } from "./world.ts";

/** An id, by its kind, with the id of its owner where it has one. */
export type Thing = Record<string, string>;

const mostMade = 300;
const ofAccount = new Set(["aid", "oid", "account_id"]);
/** The kind of the owner, for kinds that are picked together with their owner: a secret with its client, a closing with its store. */
const ownerOf: Record<string, string> = { secret_id: "secret_client", closing_id: "closing_store" };
const ownedBy = Object.fromEntries(Object.entries(ownerOf).map(([kind, owner]) => [owner, kind]));
/** Two kinds of one thing: known ids of one are ids of the other. */
const asOwner: Record<string, string> = { client_ref: "secret_client", store_id: "closing_store" };
/** A store that is not suspended, as far as the answers have told. */
const openStore = "open_store_id";

/** The kind of which the world has ids: one that asks for more than that has none of its own. */
export function baseKind(kind: string): string {
  return kind === openStore ? "store_id" : kind;
}

/**
 * The ids of existing things in the own account, by what the server has answered. They are the things of the world, which no
 * request ends on purpose, and the things that the run has made. A renamed thing keeps its place under the new id.
 */
export class KnownIds {
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

  /** Adds a thing that the run has made, if it is new. Beyond 300 of a kind the oldest one is dropped. */
  add(kind: string, thing: Thing): void {
    if (this.#all(kind).some((known) => known[kind] === thing[kind])) return;
    this.#made.set(kind, [...(this.#made.get(kind) ?? []).slice(-(mostMade - 1)), thing]);
  }

  /** Removes a thing that has ended or is missing. */
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
    const owner = asOwner[kind];
    if (owner !== undefined) this.forget(owner, id);
  }

  /** Gives a thing another id. */
  rename(kind: string, from: string, to: string): void {
    if (from === to) return;
    const renamed = this.#all(kind).filter((thing) => thing[kind] === from);
    for (const thing of renamed) thing[kind] = to;
    if (renamed.length === 0) this.add(kind, { [kind]: to });
    const owner = asOwner[kind];
    if (owner === undefined) return;
    for (const thing of this.#all(ownedBy[owner] ?? owner)) if (thing[owner] === from) thing[owner] = to;
  }

  /** Notes whether a store is suspended: it takes no terminals then. */
  markStore(id: string, { suspended }: { suspended: boolean }): void {
    for (const thing of this.#all("store_id")) if (thing["store_id"] === id) thing["suspended"] = String(suspended);
  }

  #all(kind: string): Thing[] {
    return [this.#kept, this.#made].flatMap((things) => things.get(kind) ?? []);
  }

  /** Makes a function that picks ids for one request. A destructive request gets only things that the run has made. */
  picker(random: Random, destructive: boolean): (kind: string) => string {
    const { own, waiting } = this.#world;
    const pick = (wanted: string): Thing | undefined => {
      const list = baseKind(wanted);
      const fits = (thing: Thing) => wanted !== openStore || thing["suspended"] !== "true";
      const kept = (this.#kept.get(list) ?? []).filter(fits);
      const made = (this.#made.get(list) ?? []).filter(fits);
      if (made.length > 0 && (destructive || kept.length === 0 || random.chance(0.3))) return random.pick(made);
      return destructive || kept.length === 0 ? undefined : random.pick(kept);
    };
    let owned: Thing = {};
    return (kind) => {
      if (kind === "update_operation_id") return waiting.check_update.transfer.operationId;
      if (kind === "logs_operation_id") return waiting.send_logs.transfer.operationId;
      if (ofAccount.has(kind)) return own.accountId;
      // If the owner was picked before, its thing was picked with it.
      const { [kind]: known, ...rest } = owned;
      owned = rest;
      const thing = known === undefined ? pick(ownedBy[kind] ?? kind) : undefined;
      if (thing && kind in ownedBy) owned = thing;
      return known ?? thing?.[baseKind(kind)] ?? missingIdLike(own.ids[baseKind(kind)]?.[0] ?? "x");
    };
  }
}
