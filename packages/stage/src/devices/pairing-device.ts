import { type DeviceProofPurpose, deviceProofAudience, deviceProofs } from "@tillkeeper/contract/pairing";
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { SharedServer, Tenant } from "../servers/test-server.ts";
import { nextSerial } from "./serials.ts";

type Server = Pick<SharedServer, "call">;
type Addressed = Pick<SharedServer, "url">;
type Algorithm = "EdDSA" | "ES256";

/**
 * A device that has only its key: it signs the proofs of the device protocol itself, and also the faulty ones of a
 * test.
 */
export class PairingDevice {
  readonly serial: string;
  readonly algorithm: Algorithm;
  readonly publicKey: JWK;
  readonly #privateKey: CryptoKey;

  private constructor(serial: string, algorithm: Algorithm, keys: { publicKey: JWK; privateKey: CryptoKey }) {
    this.serial = serial;
    this.algorithm = algorithm;
    this.publicKey = keys.publicKey;
    this.#privateKey = keys.privateKey;
  }

  static async make(serial = nextSerial(), algorithm: Algorithm = "EdDSA"): Promise<PairingDevice> {
    const crv = algorithm === "EdDSA" ? "Ed25519" : "P-256";
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { crv, extractable: true });
    return new PairingDevice(serial, algorithm, { publicKey: await exportJWK(publicKey), privateKey });
  }

  thumbprint(): Promise<string> {
    return calculateJwkThumbprint(this.publicKey);
  }

  /** Signs a proof with the claims of the protocol. `payload` and `header` replace or add to them. */
  sign(server: Addressed, purpose: DeviceProofPurpose, payload: object, header: object = {}): Promise<string> {
    return new SignJWT({ aud: deviceProofAudience(server.url, purpose), ...payload })
      .setProtectedHeader({ alg: this.algorithm, typ: deviceProofs[purpose].type, ...header })
      .sign(this.#privateKey, { crit: { x: true } });
  }

  async pair(server: Server & Addressed, code: string, more: object = {}, headers: Record<string, string> = {}) {
    const nonce = await newNonce(server);
    const proof = await this.sign(server, "pairing", { nonce, sub: this.serial, code }, { jwk: this.publicKey });
    const body = { device_serial_number: this.serial, code, proof, ...more };
    return server.call("POST", "/v1/device/pair", { body, headers });
  }

  async renew(server: Server & Addressed, terminalId: string, more: object = {}) {
    const proof = await this.sign(server, "renewal", { nonce: await newNonce(server), sub: terminalId });
    return server.call("POST", "/v1/device/token", { body: { terminal_id: terminalId, proof, ...more } });
  }
}

/** Requests a nonce for a proof. */
export async function newNonce(server: Server): Promise<string> {
  return (await server.call("POST", "/v1/device/nonce")).body.nonce;
}

/** Registers a terminal in the store S312, which it creates, and returns the terminal with its pairing code. */
export async function registerForPairing(server: Server, tenant: Tenant, serial: string, more: object = {}) {
  await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  const body = { device_serial_number: serial, store_id: "S312", ...more };
  return (await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body })).body;
}
