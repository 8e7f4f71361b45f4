import { DeviceNonce, DeviceResultsAnswer, DeviceToken } from "@tillkeeper/contract/http/devices";
import type { Memory } from "@tillkeeper/contract/mqtt/messages";
import { type DeviceProofPurpose, deviceProofAudience, deviceProofs } from "@tillkeeper/contract/pairing";
import { Compile } from "typebox/compile";
import type { DeviceKeys } from "./device-keys.ts";

export type { DeviceToken } from "@tillkeeper/contract/http/devices";
export { readPairingUri } from "@tillkeeper/contract/pairing";

/** The server refused a request, or did not answer it. */
export class DeviceServerError extends Error {
  override readonly name = "DeviceServerError";
  /** The server's error code; `undefined` without an answer, or for an answer that is not the server's. */
  readonly code: string | undefined;
  /** The pause that the server asked for by `Retry-After`, in milliseconds; 0 without one. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    { code, retryAfterMs = 0, cause }: { code?: string; retryAfterMs?: number; cause?: unknown },
  ) {
    super(message, { cause });
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether a repeated request would be refused, too, until a person acts, for example by pairing the device anew. */
  get final(): boolean {
    return (
      this.code !== undefined &&
      ["pairing_refused", "invalid_proof", "invalid_request", "not_found"].includes(this.code)
    );
  }
}

/** The server and the keys for a request with a proof. */
export interface ServerOptions {
  /** The server's address, without a path. */
  server: string;
  keys: DeviceKeys;
  signal?: AbortSignal;
}

/** The options of a pairing. */
export interface PairingOptions extends ServerOptions {
  serialNumber: string;
  /** The pairing code as it was typed or scanned. */
  code: string;
  /** Name and version of the program, for the server's records. */
  agentName?: string;
}

/**
 * Pairs the device by a code that can be used once, and resolves with a token for a new address. Rejects with
 * `DeviceServerError`, or the signal's reason.
 */
export async function pairDevice({ serialNumber, code, agentName, ...options }: PairingOptions): Promise<DeviceToken> {
  const claims = { sub: serialNumber, code };
  const body = { device_serial_number: serialNumber, code, ...(agentName !== undefined && { agent: agentName }) };
  return sendProven(options, { purpose: "pairing", claims, header: { jwk: options.keys.publicKey }, body }, tokens);
}

/** A token, and whether its address is new: no agent has used it yet. */
export interface GivenToken {
  token: DeviceToken;
  isNew: boolean;
}

/**
 * Pairs the device like `pairDevice`, but may be called again when no answer came: a device whose keys are paired
 * already gets a token. Rejects with `DeviceServerError`, or the signal's reason.
 */
export async function pairOrRequestToken(options: PairingOptions): Promise<GivenToken> {
  try {
    return { token: await pairDevice(options), isNew: true };
  } catch (cause) {
    if (!(cause instanceof DeviceServerError) || cause.code !== "pairing_refused") throw cause;
    const token = await requestToken(options).catch(() => {
      throw cause;
    });
    return { token, isNew: false };
  }
}

/** The options of a request for a token; the device is named by its terminal id or its serial number. */
export type TokenOptions = ServerOptions & {
  memoryLost?: boolean;
  /** The last token of this device: shows a server whose database was restored which address is the latest. */
  held?: string;
} & ({ terminalId: string } | { serialNumber: string });

/**
 * Requests a token for a paired device, named by its terminal id or serial number. With `memoryLost` the token has
 * another address. Rejects with `DeviceServerError`, or the signal's reason.
 */
export async function requestToken(options: TokenOptions): Promise<DeviceToken> {
  const who =
    "terminalId" in options ? { terminal_id: options.terminalId } : { device_serial_number: options.serialNumber };
  const body = {
    ...who,
    ...(options.memoryLost && { memory_lost: true }),
    ...(options.held !== undefined && { token: options.held }),
  };
  return sendProven(options, { purpose: "renewal", claims: { sub: Object.values(who)[0] }, header: {}, body }, tokens);
}

/**
 * Hands in results of a replaced device, in the order of its log, at most 50. Resolves with how much of the log the
 * server holds then. Rejects with `DeviceServerError`, or the signal's reason.
 */
export async function sendResults(options: ServerOptions, address: string, results: object[]): Promise<Memory> {
  const proven = { purpose: "results", claims: { sub: address }, header: {}, body: { address, results } } as const;
  const { memory } = await sendProven(options, proven, receipts);
  return memory;
}

interface Proven {
  purpose: DeviceProofPurpose;
  claims: object;
  header: object;
  body: object;
}

/**
 * Sends the request with a proof. After a refused proof, makes one new proof: the nonce may have expired on the way. Or
 * a proxy sent the request twice, and a proof is valid once.
 */
async function sendProven<Answer>(options: ServerOptions, proven: Proven, answers: Answers<Answer>): Promise<Answer> {
  const { server, signal } = options;
  const send = async () => {
    const body = { ...proven.body, proof: await makeProof(options, proven) };
    return post(server, deviceProofs[proven.purpose].path, answers, { body, signal });
  };
  try {
    return await send();
  } catch (cause) {
    if (!(cause instanceof DeviceServerError) || cause.code !== "invalid_proof") throw cause;
    return send();
  }
}

/** Makes a proof, which is valid for one request of this purpose at this server. */
async function makeProof(
  { server, keys, signal }: ServerOptions,
  { purpose, claims, header }: Proven,
): Promise<string> {
  const { nonce } = await post(server, "/v1/device/nonce", nonces, { signal });
  const aud = deviceProofAudience(server, purpose);
  return keys.sign({ typ: deviceProofs[purpose].type, ...header }, { aud, nonce, ...claims });
}

interface Answers<Answer> {
  Check(value: unknown): value is Answer;
}

const tokens = Compile(DeviceToken);
const receipts = Compile(DeviceResultsAnswer);
const nonces = Compile(DeviceNonce);
const timeoutMs = 10_000;

interface Sent {
  body?: object;
  signal: AbortSignal | undefined;
}

async function post<Value>(
  server: string,
  path: string,
  answers: Answers<Value>,
  { body, signal }: Sent,
): Promise<Value> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(new URL(path, server), {
      method: "POST",
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    answer = await response.json();
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new DeviceServerError(`no answer from ${server}`, { cause });
  }
  if (response.ok && answers.Check(answer)) return answer;
  throw errorOf(server, response, answer);
}

function errorOf(server: string, response: Response, answer: unknown): DeviceServerError {
  const error = (answer as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  const retryAfter = Number(response.headers.get("retry-after"));
  const message = typeof error?.message === "string" ? error.message : "not understood";
  return new DeviceServerError(`${server} answered ${response.status}: ${message}`, {
    ...(typeof error?.code === "string" && { code: error.code }),
    ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1000 }),
  });
}
