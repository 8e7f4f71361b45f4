import type { StoreCreate } from "@tillkeeper/contract/http/stores";
import { SandboxContent } from "@tillkeeper/contract/sandbox-content";
import type { SimulatedFault } from "@tillkeeper/contract/simulated-faults";
import { Errors } from "typebox/value";
import { StartupError } from "../platform/startup-error.ts";
import { firstStores } from "./first-stores.ts";

/** Stores and terminals of a sandbox, in the order in which they are created. */
export interface SandboxPlan {
  stores: readonly (StoreCreate & { store_id: string })[];
  terminals: readonly PlannedTerminal[];
  clock: string | undefined;
}

interface PlannedTerminal {
  /** What the caller calls it; the usual terminals have no name. */
  name?: string;
  /** The last three digits of its serial number. */
  number: string;
  storeId: string;
  fault?: SimulatedFault | undefined;
}

const defaultStore = { store_id: "store", store_name: "Store" };

/** Reads the content of a sandbox from JSON of the user. Throws `StartupError`, which names each fault and its place. */
export function readSandboxContent(text: string): SandboxContent {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new StartupError("The content of the sandbox is not JSON.", { cause: error });
  }
  const [first] = Errors(SandboxContent, content);
  if (first) throw new StartupError(`The content of the sandbox: ${first.instancePath || "it"} ${reasonOf(first)}.`);
  return content as SandboxContent;
}

function reasonOf({ keyword, message }: { keyword: string; message: string }): string {
  return keyword === "boolean" ? "is not known here" : message;
}

/**
 * The stores and terminals to create for the content; without one, three stores with five terminals. A terminal that names no store is in the
 * first one. Throws `StartupError` for a store that is not among them.
 */
export function planOf(content: SandboxContent | undefined): SandboxPlan {
  const { stores, terminals, clock } = content ?? {};
  if (!stores && !terminals) return { ...usualPlan(), clock };
  const all = stores ?? [defaultStore];
  const ids = new Set(all.map((store) => store.store_id));
  if (ids.size < all.length) throw new StartupError("The content of the sandbox names a store twice.");
  const [first = defaultStore] = all;
  const planned = Object.entries(terminals ?? {}).map(
    ([name, { store_id: storeId = first.store_id, fault }], index) => {
      if (!ids.has(storeId)) {
        throw new StartupError(
          `The content of the sandbox: the terminal ${name} is in the store ${storeId}, which is not there.`,
        );
      }
      return { name, number: String(index + 1).padStart(3, "0"), storeId, fault };
    },
  );
  return { stores: all, terminals: planned, clock };
}

function usualPlan(): Omit<SandboxPlan, "clock"> {
  return {
    stores: firstStores.map(({ store }) => store),
    terminals: firstStores.flatMap(({ store, terminals }) =>
      terminals.map((number) => ({ number, storeId: store.store_id })),
    ),
  };
}
