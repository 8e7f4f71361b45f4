import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DeviceToken } from "@tillkeeper/contract/http/devices";
import { deviceProofs, pairingLimits, readPairingCode } from "@tillkeeper/contract/pairing";
import {
  type DeviceKey,
  type ProofPlace,
  verifyPairingProof,
  verifyProof,
} from "@tillkeeper/server/enrolment/pairing/proofs";
import { ApiError } from "@tillkeeper/server/platform/errors";
import { type Identity, terminalId } from "./identity.ts";
import type { Transfers } from "./transfers.ts";

interface DeviceApiDeps {
  identity: Identity;
  mqttUrl: string;
  now: () => Date;
  /** Called when the device has requested something. */
  asked: (what: string) => void;
  /** Gives the device another address. */
  replace: () => void;
  transfers: Transfers;
}

/** The running HTTP endpoints, below `url`. */
export interface DeviceApi {
  url: string;
  close: () => Promise<void>;
}

type Body = Record<string, unknown>;

const tokenSeconds = 3_600;

/** Opens the HTTP endpoints of one device, as a server has them: pairing, tokens, uploads and downloads. */
export async function openDeviceApi(host: string, deps: DeviceApiDeps): Promise<DeviceApi> {
  const handler = new RequestHandler(deps);
  const server = createServer((request, response) => void answer(handler, deps.transfers, request, response)).listen(
    0,
    host,
  );
  await once(server, "listening");
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  handler.url = url;
  return { url, close: () => closed(server) };
}

async function answer(
  handler: RequestHandler,
  transfers: Transfers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "", url = "", headers } = request;
  const body = await bytesOf(request);
  const file = transfers.answer(new URL(url, handler.url), { method, headers, body });
  if (file === "silent") return;
  let [status, said]: [number, unknown] = [file?.status ?? 200, file?.body];
  try {
    if (!file) said = await handler.take(`${method} ${url}`, readBody(body));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    [status, said] = [error.status, error.body()];
  }
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(said));
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function readBody(bytes: Buffer): Body {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new ApiError("invalid_json", "The body is not JSON.", { cause });
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

class RequestHandler {
  url = "";
  readonly #deps: DeviceApiDeps;
  readonly #nonces = new Map<string, Date>();
  #key: DeviceKey | undefined;

  constructor(deps: DeviceApiDeps) {
    this.#deps = deps;
  }

  async take(request: string, body: Body): Promise<unknown> {
    switch (request) {
      case "POST /v1/device/nonce":
        return this.#nonce();
      case `POST ${deviceProofs.pairing.path}`:
        return this.#pair(body);
      case `POST ${deviceProofs.renewal.path}`:
        return this.#renew(body);
      default:
        throw new ApiError("not_found", "This server has nothing but MQTT, pairing and tokens.");
    }
  }

  #nonce(): unknown {
    const nonce = randomBytes(24).toString("base64url");
    const expiresAt = new Date(this.#deps.now().getTime() + pairingLimits.nonceSeconds * 1_000);
    this.#nonces.set(nonce, expiresAt);
    return { nonce, expires_at: expiresAt.toISOString(), server_time: this.#deps.now().toISOString() };
  }

  async #pair({ proof, code, device_serial_number: serial }: Body): Promise<DeviceToken> {
    const { identity, asked } = this.#deps;
    const expected = { subject: textOf(serial), code: textOf(code) };
    const { key, nonce } = await verifyPairingProof(this.#place(), textOf(proof), expected);
    this.#nonces.delete(nonce.id);
    const fits = readPairingCode(expected.code) === readPairingCode(identity.code);
    // A pairing code is used once.
    if (this.#key || !fits || expected.subject !== identity.serialNumber)
      throw new ApiError("pairing_refused", "Serial number and code do not go together.");
    this.#key = key;
    asked("pairing");
    return this.#token();
  }

  async #renew({ proof, terminal_id, device_serial_number: serial, memory_lost }: Body): Promise<DeviceToken> {
    const { identity, asked, replace } = this.#deps;
    const subject = textOf(terminal_id ?? serial);
    const isOurs = subject === terminalId || subject === identity.serialNumber;
    const publicKey = isOurs ? this.#key?.jwk : undefined;
    const nonce = await verifyProof(this.#place(), textOf(proof), { purpose: "renewal", subject, publicKey });
    this.#nonces.delete(nonce.id);
    if (memory_lost === true) replace();
    asked(memory_lost === true ? "another address" : "a token");
    return this.#token();
  }

  #place(): ProofPlace {
    return {
      nonces: {
        readNonce: async (text) => {
          const expiresAt = this.#nonces.get(text);
          return expiresAt && { id: text, expiresAt };
        },
      },
      isOwn: (origin) => origin === this.url,
      ownUrl: () => this.url,
    };
  }

  #token(): DeviceToken {
    const { identity, mqttUrl, now } = this.#deps;
    const { address, password } = identity;
    return {
      terminal_id: terminalId,
      address,
      account_id: terminalId.slice(0, terminalId.indexOf("-")),
      store_id: "check-agent",
      token: password,
      token_type: "Bearer",
      expires_in: tokenSeconds,
      mqtt_url: mqttUrl,
      mqtt_username: address,
      mqtt_password: password,
      mqtt_client_id: address,
      https_url: this.url,
      server_time: now().toISOString(),
    };
  }
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new ApiError("invalid_request", "A field is missing, or has not the right form.");
}
