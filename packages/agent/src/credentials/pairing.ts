import { DeviceNonce, DeviceResultsAnswer, DeviceToken } from "@tillkeeper/contract/http/devices";
import type { Memory } from "@tillkeeper/contract/mqtt";
import { type DeviceProofPurpose, deviceProofAudience, deviceProofs } from "@tillkeeper/contract/pairing";
import { Compile } from "typebox/compile";
import type { DeviceKeys } from "./device-keys.ts";

export type { DeviceToken } from "@tillkeeper/contract/http/devices";
export { readPairingUri } from "@tillkeeper/contract/pairing";

/** The server did not give what was asked for. */
export class DeviceServerError extends Error {
  override readonly name = "DeviceServerError";
  /** The server's error code; `undefined` when there was no answer, or one that is not the server's. */
  readonly code: string | undefined;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    { code, retryAfterMs = 0, cause }: { code?: string; retryAfterMs?: number; cause?: unknown },
  ) {
    super(message, { cause });
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** To ask again changes nothing: somebody has to do something. */
  get final(): boolean {
    return (
      this.code !== undefined &&
      ["pairing_refused", "invalid_proof", "invalid_request", "not_found"].includes(this.code)
    );
  }
}

export interface ServerOptions {
  /** The server's address, without a path. */
  server: string;
  keys: DeviceKeys;
  signal?: AbortSignal;
}

export interface PairingOptions extends ServerOptions {
  serialNumber: string;
  /** As it was typed or scanned. */
  code: string;
  /** Name and version of the program, for the server's records. */
  agentName?: string;
}

/**
 * Becomes a terminal, by a code that counts once: with an address that nobody has had before. Rejects with
 * `DeviceServerError`.
 */
export async function pairDevice({ serialNumber, code, agentName, ...options }: PairingOptions): Promise<DeviceToken> {
  const claims = { sub: serialNumber, code };
  const body = { device_serial_number: serialNumber, code, ...(agentName !== undefined && { agent: agentName }) };
  return sendProven(options, { purpose: "pairing", claims, header: { jwk: options.keys.publicKey }, body }, tokens);
}

/** A token, and whether it came with an address of its own: nobody has spoken as that yet. */
export interface GivenToken {
  token: DeviceToken;
  isNew: boolean;
}

/**
 * The same, but may be called again when no answer came: whoever has paired with these keys already gets a token. Rejects
 * with `DeviceServerError`.
 */
export async function pairOrGoOn(options: PairingOptions): Promise<GivenToken> {
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

export type TokenOptions = ServerOptions & {
  memoryLost?: boolean;
  /** The last token that was given: shows a server whose database went back which address is the latest. */
  held?: string;
} & ({ terminalId: string } | { serialNumber: string });

/**
 * A token for a paired device, which says by terminal id or serial number who it is; with another address when it has lost
 * its memory. Rejects with `DeviceServerError`.
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
 * Hands in results of a device that was replaced, in the order of its log: at most 50. Answers how far the server is then.
 * Rejects with `DeviceServerError`.
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
 * Sends the request with a proof. A refused proof is made once more: its nonce may have run out on the way, or a proxy
 * may have sent the request twice, and a proof counts once.
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

/** Good for one request of this purpose, at this server, once. */
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
