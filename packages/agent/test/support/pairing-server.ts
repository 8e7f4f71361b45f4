import { createPublicKey, type JsonWebKey, type KeyObject, verify } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Messages } from "@tillkeeper/contract/mqtt/messages";

interface Proof {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
}

/** A request to the server, with the parts of its proof. */
export interface Asked {
  path: string;
  body: Record<string, unknown>;
  proof: Proof | undefined;
}

/** The pairing endpoints of a server, over real HTTP. It verifies every signature with Node's own crypto module. */
export class PairingServer {
  readonly asked: Asked[] = [];
  /** The next answers, in place of a token. */
  readonly refusals: { status: number; code?: string; retryAfter?: string }[] = [];
  lifetimeSeconds = 100;
  mqttUrl = "mqtt://127.0.0.1:1";
  /** Returns the token with a number. */
  tokenOf = (number: number) => `token-${number}`;
  /** Returns the broker's password, where it is not the token. */
  passwordOf = (number: number) => this.tokenOf(number);
  /** The number in the device's address; it grows with each pairing and each lost memory. */
  device = 0;
  /** The results of a log that the server holds, in order. */
  readonly held: Messages["result"][] = [];
  /** Whether the server carries requests out and their answers are lost. */
  losesAnswer = false;
  #tokens = 0;
  #key: { alg: string; key: KeyObject } | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<PairingServer> {
    const http = createServer((request, response) => {
      void respond(request, response);
    });
    const server = new PairingServer(http);
    const respond = async (request: IncomingMessage, response: ServerResponse) => {
      const { status, body, headers } = await server.#answer(request);
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(body));
    };
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  count(path: string): number {
    return this.asked.filter((entry) => entry.path === path).length;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: object; headers?: Record<string, string> }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    const path = request.url ?? "";
    const at = new Date().toISOString();
    const proof = typeof body["proof"] === "string" ? this.#verify(body["proof"]) : undefined;
    this.asked.push({ path, body, proof });
    if (path === "/v1/device/nonce") {
      return { status: 200, body: { nonce: `nonce-${this.asked.length}`, expires_at: at, server_time: at } };
    }
    const refusal = this.refusals.shift();
    if (refusal) {
      const { status, code, retryAfter } = refusal;
      return {
        status,
        body: code === undefined ? {} : { error: { code, message: code, errors: [] } },
        ...(retryAfter !== undefined && { headers: { "retry-after": retryAfter } }),
      };
    }
    if (path === "/v1/device/results") return { status: 200, body: this.#take(body["results"]) };
    if (path === "/v1/device/pair" || body["memory_lost"] === true) this.device += 1;
    if (this.losesAnswer) {
      this.losesAnswer = false;
      return { status: 502, body: {} };
    }
    this.#tokens += 1;
    const terminal_id = "T12345678-T0001";
    const address = `${terminal_id}-D${this.device}`;
    const who = { terminal_id, address, account_id: "T12345678", store_id: "S312" };
    const token = { token: this.tokenOf(this.#tokens), token_type: "Bearer", expires_in: this.lifetimeSeconds };
    const mqtt = {
      mqtt_url: this.mqttUrl,
      mqtt_username: address,
      mqtt_password: this.passwordOf(this.#tokens),
      mqtt_client_id: address,
    };
    return { status: 200, body: { ...who, ...token, ...mqtt, https_url: this.url, server_time: at } };
  }

  #take(results: unknown) {
    const memory = () => {
      const last = this.held.at(-1);
      return last ? { number: last.number ?? 0, id: last.operation_id } : { number: 0 };
    };
    const receipts = (results as Messages["result"][]).map((result) => {
      const { number = 0, after = number - 1, operation_id } = result;
      if (after > memory().number) return { operation_id, memory: memory() };
      if (number > memory().number) this.held.push(result);
      return { operation_id, status: "COMPLETED", memory: memory() };
    });
    return { receipts, memory: memory() };
  }

  #verify(proof: string): Proof | undefined {
    const [head = "", payload = "", signature = ""] = proof.split(".");
    const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
    const header = read(head);
    const jwk = header["jwk"] as JsonWebKey | undefined;
    if (jwk) this.#key = { alg: String(header["alg"]), key: createPublicKey({ format: "jwk", key: jwk }) };
    if (!this.#key || this.#key.alg !== header["alg"]) return undefined;
    const digest = this.#key.alg === "EdDSA" ? null : "sha256";
    const key = { key: this.#key.key, dsaEncoding: "ieee-p1363" } as const;
    const right = verify(digest, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, "base64url"));
    return right ? { header, payload: read(payload) } : undefined;
  }
}
