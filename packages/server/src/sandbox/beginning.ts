import type { TerminalControls } from "@tillkeeper/contract/http/sandbox-terminals";
import type { StoreConfigurationPatch } from "@tillkeeper/contract/http/store-configuration";
import type { StoreCreate } from "@tillkeeper/contract/http/stores";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { createTerminal, type TerminalDeps } from "../enrolment/register.ts";
import { keepConfiguration } from "../merchants/stores/keep-configuration.ts";
import { createStore, type StoreDeps } from "../merchants/stores/stores.ts";
import { ApiError } from "../platform/errors.ts";
import { setControls } from "../virtual-terminals/controls.ts";
import type { SandboxPlan } from "./content.ts";

/** Stores and terminals of an account, in the order in which they are created. `number`: that of its id, if it has to have that id. */
export interface Beginning {
  stores: readonly BeginningStore[];
  terminals: readonly BeginningTerminal[];
  /** The last numbers that were given, also to what was deleted: what is created later has the ids that it would have had. */
  last?: { store: number; terminal: number };
}

interface BeginningStore {
  number?: number;
  create: StoreCreate & { store_id: string };
  configuration?: StoreConfigurationPatch;
}

interface BeginningTerminal {
  number?: number;
  serialNumber: string;
  storeId: string;
  model?: string;
  controls?: { set: TerminalControls; until: string | null };
}

/** What is needed to create stores and terminals. */
export interface StoresDeps {
  db: Db;
  stores: StoreDeps;
  enrolment: TerminalDeps;
  /** What the sandbox's account has at its beginning. */
  plan: SandboxPlan;
}

/** What the sandbox's own account begins with, unless a snapshot says otherwise. */
export function beginningOf({ plan }: Pick<StoresDeps, "plan">, accountId: string): Beginning {
  return {
    stores: plan.stores.map((create) => ({ create })),
    terminals: plan.terminals.map(({ number, storeId, fault }) => ({
      serialNumber: `SIMULATED-${accountId}-${number}`,
      storeId,
      ...(fault && { controls: { set: { fault }, until: null } }),
    })),
  };
}

/**
 * Creates what is missing of the stores and terminals that the account begins with. This also completes a first start that was
 * killed half-way, and a reset.
 */
export async function ensureStores(
  deps: StoresDeps,
  { accountId, clientId }: { accountId: string; clientId: string },
  beginning: Beginning,
): Promise<void> {
  const who = { accountId, clientId, clientAccountId: accountId, address: "", requestId: "sandbox" };
  const caller = { ...who, scopes: new Set<string>() };
  const serverCaller = { ...who, authority: "the server itself" } as const;
  const { db } = deps;
  const present = await db.sql.selectFrom("stores").select("store_id").where("account_id", "=", accountId).execute();
  const serials = await db.sql
    .selectFrom("terminals")
    .select("device_serial_number")
    .where("account_id", "=", accountId)
    .execute();
  // Terminals begin to run when their faults are known, too.
  const enrolment = { ...deps.enrolment, virtualTerminalsChanged: () => undefined };
  for (const { number, create, configuration } of beginning.stores) {
    if (present.some((row) => row.store_id === create.store_id)) continue;
    if (number !== undefined) await raise(db, accountId, { store: number - 1 });
    const created = await unlessTaken(createStore(deps.stores, caller, create));
    if (created && configuration) await keepConfiguration(db.sql, accountId, { id: created.id, configuration });
  }
  for (const { number, serialNumber, storeId, model, controls } of beginning.terminals) {
    if (serials.some((row) => row.device_serial_number === serialNumber)) continue;
    if (number !== undefined) await raise(db, accountId, { terminal: number - 1 });
    const created = await unlessTaken(
      createTerminal(enrolment, serverCaller, {
        device_serial_number: serialNumber,
        store_id: storeId,
        ...(model !== undefined && { device_model: model }),
      }),
    );
    if (!created || !controls) continue;
    const terminal = { accountId, terminalId: created.terminal_id };
    const until = controls.until === null ? null : new Date(controls.until);
    await inTenant(db, accountId, (tx) => setControls(tx, terminal, { controls: controls.set, until }));
  }
  const { last } = beginning;
  if (last) await raise(db, accountId, last);
  deps.enrolment.virtualTerminalsChanged();
}

/** Has the next store and terminal get the numbers after these, unless those were given already. */
async function raise(
  { sql: db }: Db,
  accountId: string,
  { store = 0, terminal = 0 }: { store?: number; terminal?: number },
): Promise<void> {
  await db
    .updateTable("accounts")
    .set((eb) => ({
      last_store_number: eb.fn<number>("greatest", [eb.ref("last_store_number"), eb.val(store)]),
      last_terminal_number: eb.fn<number>("greatest", [eb.ref("last_terminal_number"), eb.val(terminal)]),
    }))
    .where("account_id", "=", accountId)
    .execute();
}

/** Another server on the same database may be opening the sandbox at this moment, so a taken name is no error. */
async function unlessTaken<T>(creation: Promise<T>): Promise<T | undefined> {
  try {
    return await creation;
  } catch (error) {
    const taken = error instanceof ApiError && ["store_id_taken", "serial_number_taken"].includes(error.code);
    if (!taken) throw error;
    return undefined;
  }
}
