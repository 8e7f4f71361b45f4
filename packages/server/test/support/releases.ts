import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { releaseText } from "@tillkeeper/contract/releases";
import type { SharedServer, Tenant } from "@tillkeeper/stage/servers/test-server";

/** A maker of releases: a key pair whose public key the account has. */
export interface Maker {
  keyId: string;
  publicKey: ReleasePublicKey;
  privateKey: KeyObject;
}

/** Creates an Ed25519 key pair. */
export function newKeyPair(): Pick<Maker, "publicKey" | "privateKey"> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return { publicKey: { kty: "OKP", crv: "Ed25519", x }, privateKey };
}

/** Creates a key pair and registers its public key. */
export async function newMaker(server: SharedServer, tenant: Tenant): Promise<Maker> {
  const pair = newKeyPair();
  const body = { name: "Releases", public_key: pair.publicKey };
  const { body: key } = await server.call("POST", `/v1/accounts/${tenant.aid}/release-keys`, { ...tenant, body });
  return { ...pair, keyId: key.key_id };
}

export interface Described {
  device_model?: string;
  version?: string;
  content?: Buffer;
}

/** Returns the signed body that announces a release. */
export function announcement(
  { keyId, privateKey }: Maker,
  { device_model = "SATURN1000", version = "4.3.0", content = randomBytes(1_000) }: Described = {},
) {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const release = { device_model, version, size: content.length, sha256 };
  const signature = sign(null, Buffer.from(releaseText(release)), privateKey).toString("base64url");
  return { ...release, signature, key_id: keyId };
}

/** Announces a release and returns its id. */
export async function announce(server: SharedServer, tenant: Tenant, maker: Maker, described: Described) {
  const body = announcement(maker, described);
  const answer = await server.call("POST", `/v1/accounts/${tenant.aid}/releases`, { ...tenant, body });
  return answer.body.id as string;
}

/** Uploads a file by `PUT …/file`. */
export async function putFile(
  server: Pick<SharedServer, "url">,
  tenant: Tenant,
  id: string,
  content: Buffer | ReadableStream,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${server.url}/v1/accounts/${tenant.aid}/releases/${id}/file`, {
    method: "PUT",
    headers: { authorization: `Bearer ${tenant.token}`, "content-type": "application/octet-stream", ...headers },
    body: content,
    duplex: "half",
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, never> & { error: { code: string } },
  };
}

/** Announces a release and uploads its file, so that terminals are offered it. */
export async function addRelease(server: SharedServer, tenant: Tenant, maker: Maker, described: Described = {}) {
  const content = described.content ?? randomBytes(1_000);
  const id = await announce(server, tenant, maker, { ...described, content });
  const { status, body } = await putFile(server, tenant, id, content);
  if (status !== 200) throw new Error(`the file was refused: ${JSON.stringify(body)}`);
  return { id, content };
}
