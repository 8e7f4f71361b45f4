import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { LogReceived } from "@tillkeeper/contract/http/logs";
import { type TransferGrant, transferEnd } from "../../access/auth/tokens/transfer-tokens.ts";
import type { Db, Tx } from "../../db/db.ts";
import { isUniqueViolation } from "../../db/failures.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { FileStore } from "../../files/file-store.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { newId } from "../../platform/ids.ts";
import type { Logger } from "../../platform/log/log.ts";
import { holdsTransfer } from "../../terminals/credentials/transfer-holder.ts";
import type { Masking } from "../masking/masking.ts";
import {
  deleteLog,
  findSendLogs,
  findStoredOf,
  finishReceiving,
  giveUpReceiving,
  insertReceiving,
  type Receiving,
  type StoredRow,
} from "../queries.ts";
import { type Bundle, storeBundle } from "./bundle.ts";
import { readUploadHeaders } from "./headers.ts";
import { relayOf } from "./relay.ts";

export interface ReceiveDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  files: FileStore;
  masking: Masking;
}

interface Upload {
  headers: IncomingHttpHeaders;
  /** `undefined` when the request has no body. */
  body: Readable | undefined;
}

const removalPatienceMs = 2_000;
/** Uploads at a time; more would only slow each other down, and terminals try again. */
const mostAtOnce = 64;

interface Running {
  accountId: string;
  abort: AbortController;
}

/**
 * Whether an account may begin another upload. It may have as many as are left for others: alone it gets half, so other
 * accounts find room.
 */
function mayBegin(running: ReadonlyMap<string, Running>, accountId: string): boolean {
  const own = [...running.values()].reduce((sum, one) => sum + Number(one.accountId === accountId), 0);
  return own < mostAtOnce - running.size;
}

export type ReceiveLog = (grant: TransferGrant, upload: Upload) => Promise<LogReceived>;

/**
 * Receives the log of a `send_logs`: all of it, or nothing. A repeated upload, after a lost answer, gets the answer of
 * the first. A newer upload ends an older one of its operation, because the terminal has given that one up.
 */
export function createReceiveLog(deps: ReceiveDeps): ReceiveLog {
  const running = new Map<string, Running>();
  return async (grant, { headers, body }) => {
    const operation = await inTenant(deps.db, grant.accountId, (tx) => operationOf(tx, grant));
    const { gzip, digest } = readUploadHeaders(headers);
    const known = await answerOfStored(deps, grant, digest);
    if (known) return known;
    if (!body) throw new ApiError("invalid_log", "The request has no body.");
    // A broken upload must not end a newer one that its terminal may have begun.
    if (brokeOff(body)) throw endedEarly();
    const { accountId, operationId } = grant;
    if (!running.has(operationId) && !mayBegin(running, accountId)) throw tryAgain("Too many logs are coming in.");

    const abort = new AbortController();
    running.get(operationId)?.abort.abort();
    running.set(operationId, { accountId, abort });
    const timer = setTimeout(
      () => abort.abort(),
      transferEnd(operation.deadline).getTime() - deps.clock.now().getTime(),
    );
    const row = rowOf(grant, operation.device_serial_number, digest, deps.clock.now());
    try {
      await inTenant(deps.db, grant.accountId, (tx) => insertReceiving(tx, row));
      const mask = deps.masking.open(grant.accountId);
      const incoming = { body: relayOf(body), gzip, digest, mask, signal: abort.signal };
      const bundle = await storeBundle(deps.files, row.name, incoming);
      return present(await finish(deps, grant, row, bundle));
    } catch (error) {
      await discard(deps, row);
      const stored = isUniqueViolation(error) ? await answerOfStored(deps, grant, digest) : undefined;
      if (stored) return stored;
      throw abort.signal.aborted ? replaced() : asRefusal(error, body);
    } finally {
      clearTimeout(timer);
      if (running.get(operationId)?.abort === abort) running.delete(operationId);
    }
  };
}

function rowOf(
  { accountId, terminalId, operationId }: TransferGrant,
  serial: string,
  digest: Buffer,
  at: Date,
): Receiving {
  const id = newId(at);
  return {
    account_id: accountId,
    id,
    terminal_id: terminalId,
    operation_id: operationId,
    device_serial_number: serial,
    received_sha256: digest,
    name: `logs/${accountId.toLowerCase()}/${id}.gz`,
    created_at: at,
  };
}

/** The answer when the operation has a log already. Throws `log_exists` when that log has another digest. */
async function answerOfStored(
  { db }: ReceiveDeps,
  grant: TransferGrant,
  digest: Buffer,
): Promise<LogReceived | undefined> {
  const row = await inTenant(db, grant.accountId, (tx) => findStoredOf(tx, grant));
  if (!row) return undefined;
  if (!row.received_sha256.equals(digest)) throw new ApiError("log_exists", "The operation has another log already.");
  return present(row);
}

/** Throws `operation_not_found`, also for a device that was replaced. */
async function operationOf(tx: Tx, grant: TransferGrant) {
  const operation = (await holdsTransfer(tx, grant)) ? await findSendLogs(tx, grant) : undefined;
  if (!operation) throw new ApiError("operation_not_found", "There is no such operation to send a log for.");
  return operation;
}

async function finish({ db }: ReceiveDeps, grant: TransferGrant, row: Receiving, bundle: Bundle): Promise<StoredRow> {
  const stored = await inTenant(db, row.account_id, async (tx) => {
    // The device may have been replaced since the upload began.
    await operationOf(tx, grant);
    return finishReceiving(tx, row, bundle);
  });
  if (!stored) throw replaced();
  return stored;
}

/** Removes everything of an upload. If this fails, the worker removes the rest. */
async function discard({ db, files, log }: ReceiveDeps, row: Receiving): Promise<void> {
  try {
    // `finish` may have been committed although its answer got lost.
    if (!(await inTenant(db, row.account_id, (tx) => giveUpReceiving(tx, row)))) return;
    // Wait briefly, because the terminal waits for the answer. On a store that hangs, the worker removes the file
    // later.
    await files.remove(row.name, AbortSignal.timeout(removalPatienceMs));
    await inTenant(db, row.account_id, (tx) => deleteLog(tx, row));
  } catch (error) {
    log.warn({ err: error, log_id: row.id }, "what is left of an upload is removed later");
  }
}

function present(row: StoredRow): LogReceived {
  return { log_id: row.id, size: Number(row.size), sha256: row.sha256, masked_count: Number(row.masked_count) };
}

const unpackFaults = /^Z_/;

/** Turns the cause that stopped an upload into an answer for its sender. */
function asRefusal(error: unknown, body: Readable): unknown {
  if (error instanceof ApiError) return error;
  if (brokeOff(body)) return endedEarly(error);
  const { code = "" } = error as NodeJS.ErrnoException;
  if (unpackFaults.test(code)) {
    return new ApiError("invalid_log", "The body is not a whole gzip file; nothing was kept.", { cause: error });
  }
  return tryAgain("The log could not be stored.", error);
}

function brokeOff(body: Readable): boolean {
  return body.errored !== null || (body.destroyed && !body.readableEnded);
}

function endedEarly(cause?: unknown): ApiError {
  return new ApiError("invalid_log", "The body ended early; nothing was kept.", { cause });
}

function replaced(): ApiError {
  return new ApiError("upload_replaced", "A newer upload took its place, or its time was over; nothing was kept.");
}

function tryAgain(message: string, cause?: unknown): ApiError {
  return new ApiError("service_unavailable", message, { retryAfterSeconds: 2, cause });
}
