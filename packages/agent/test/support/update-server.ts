import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { OfferedRelease, UpdateManifest } from "@tillkeeper/contract/http/device-updates";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { releaseText } from "@tillkeeper/contract/releases";
import { onTestFinished } from "vitest";
import { keyIdOf } from "../../src/files/release-signature.ts";

export const token = "transfer.token.x";

export interface ReleaseMaker {
  publicKey: ReleasePublicKey;
  privateKey: KeyObject;
}

/** Creates the key pair of a maker of releases. */
export function releaseMaker(): ReleaseMaker {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return { publicKey: { kty: "OKP", crv: "Ed25519", x }, privateKey };
}

/** A release as a manifest offers it, correctly signed. */
export function offer(
  { publicKey, privateKey }: ReleaseMaker,
  content: Buffer,
  { version = "2.0", device_model = "M1", size = content.length } = {},
): OfferedRelease {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const signed = { device_model, version, size, sha256 };
  const signature = sign(null, Buffer.from(releaseText(signed)), privateKey).toString("base64url");
  const key_id = keyIdOf(publicKey);
  return { release_id: randomUUID(), version, size, sha256, signature, key_id, url: "/update/file" };
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A server with the two addresses from which a terminal fetches; it answers as the test says, and ends with the test.
 */
export class UpdateServer {
  manifest: Answer;
  file: Answer;
  /** Path, query and range of each request, in order. */
  readonly asked: string[] = [];
  url = "";

  constructor(manifest: Partial<UpdateManifest>, content: Buffer) {
    const whole = { device_model: "M1", latest: null, update_available: false, configuration: null, ...manifest };
    this.manifest = (_, response) => void response.end(JSON.stringify(whole));
    this.file = (request, response) => sendFile(request, response, content);
  }

  static async start(manifest: Partial<UpdateManifest>, content = Buffer.alloc(0)): Promise<UpdateServer> {
    const made = new UpdateServer(manifest, content);
    const server = createServer((request, response) => {
      const { url = "", headers } = request;
      made.asked.push([url, headers.range].filter(Boolean).join(" "));
      if (headers.authorization !== `Bearer ${token}`) response.writeHead(401).end();
      else if (url.startsWith("/update/file")) made.file(request, response);
      else made.manifest(request, response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return made;
  }
}

/**
 * Answers with the file, from the byte that the Range header asks for. With `until`, breaks the connection before
 * that byte.
 */
export function sendFile(
  { headers }: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  until?: number,
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const last = content.length - 1;
  response.writeHead(headers.range ? 206 : 200, {
    "content-length": content.length - from,
    ...(headers.range && { "content-range": `bytes ${from}-${last}/${content.length}` }),
  });
  if (until === undefined) return void response.end(content.subarray(from));
  response.write(content.subarray(from, until), () => response.destroy());
}

/** Answers the first request by one function, and all later requests by another. */
export function onceThen<T extends unknown[]>(first: (...given: T) => void, then: (...given: T) => void) {
  let use = first;
  return (...given: T) => {
    const now = use;
    use = then;
    now(...given);
  };
}
