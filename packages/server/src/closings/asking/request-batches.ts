import { ApiError } from "../../platform/errors.ts";
import { batched } from "../../platform/load/batch.ts";
import { limitedTo, type StoreLimit, storeLimit } from "../../platform/store-limit.ts";
import type { Stand } from "../progress/advance.ts";
import type { ClosingKey } from "../queries.ts";
import type { New } from "./close-new.ts";
import type { CloseRequest } from "./requests.ts";

type CloseBatch = (accountId: string, requests: readonly CloseRequest[]) => Promise<New[]>;

const overload = () => new ApiError("service_unavailable", "Too many closings are going on; try again.");

/**
 * Makes the function that closes the running day of a store, where that is simple. Requests of one account that come at the same time
 * share the statements; those of others do not wait for them.
 */
export function batchNewClosings(close: CloseBatch): (request: CloseRequest) => Promise<New> {
  const accounts = new Map<string, { batch: ReturnType<typeof batchOf>; under: number }>();
  const batchOf = (accountId: string, stores: StoreLimit | undefined) =>
    batched<CloseRequest, New>({
      slots: 1,
      maxBatch: 128,
      maxQueue: 5_000,
      overload,
      run: (batch) => limitedTo(stores, () => closeNewOrNone(close, accountId, batch)),
    });
  return async (request) => {
    const { accountId } = request;
    const stores = storeLimit();
    // A transaction has one limit, so only requests with the same one share it.
    const name = JSON.stringify([accountId, stores]);
    const account = accounts.get(name) ?? { batch: batchOf(accountId, stores), under: 0 };
    accounts.set(name, account);
    account.under += 1;
    try {
      return await account.batch(request);
    } finally {
      account.under -= 1;
      if (account.under === 0) accounts.delete(name);
    }
  };
}

/**
 * Runs a batch. If it fails, each request is to be treated by itself: one that fails must not fail those of others. A refusal for too
 * much work holds for all.
 */
async function closeNewOrNone(close: CloseBatch, accountId: string, requests: readonly CloseRequest[]): Promise<New[]> {
  try {
    return await close(accountId, requests);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    return requests.map(() => undefined);
  }
}

type Outcome = { stand: Stand | undefined } | { error: unknown };

/**
 * Makes the function that carries one closing forward for a request. Requests that come at the same time share the statements:
 * a thousand stores that close at the same minute are a few batches. Answers how the closing stands, unless there is still
 * something to be done at once.
 */
export function batchAdvances(
  advance: (keys: readonly ClosingKey[]) => Promise<Stand[]>,
): (key: ClosingKey) => Promise<Stand | undefined> {
  const advanceBatched = batched<ClosingKey, Outcome>({
    slots: 2,
    maxBatch: 50,
    maxQueue: 5_000,
    overload,
    run: (batch) => runBatch(advance, batch),
  });
  return async (key) => {
    const outcome = await advanceBatched(key);
    if ("error" in outcome) throw outcome.error;
    return outcome.stand;
  };
}

/** Runs a batch as a whole; if that fails, each closing alone: one that fails must not fail the requests of others. */
async function runBatch(
  advance: (keys: readonly ClosingKey[]) => Promise<Stand[]>,
  batch: readonly ClosingKey[],
): Promise<Outcome[]> {
  const nameOf = ({ accountId, id }: ClosingKey) => `${accountId} ${id}`;
  const once = [...new Map(batch.map((key) => [nameOf(key), key])).values()];
  try {
    const stands = await advance(once);
    const found = new Map(stands.map((stand) => [`${stand.closing.account_id} ${stand.closing.id}`, stand]));
    return batch.map((key) => ({ stand: found.get(nameOf(key)) }));
  } catch (error) {
    if (batch.length === 1) return [{ error }];
    return (await Promise.all(batch.map((key) => runBatch(advance, [key])))).flat();
  }
}
