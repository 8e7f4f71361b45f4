import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { describe, expect, it } from "vitest";
import { signatureHeaders } from "./signatures.ts";

/** SHA-256 as the other implementation asks for it. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as string | Uint8Array);
  }
  update(data: string | Uint8Array) {
    this.#hash.update(data);
  }
  digest() {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
  reset() {}
}

describe("signatures of requests", () => {
  it("of AWS are those that AWS's own library makes", async () => {
    const at = new Date("2026-06-29T09:00:01.234Z");
    const url = new URL("https://queue.example:8443/some%20path/events?b=2&a=1");
    const body = JSON.stringify({ event: "ping", text: "blåbær" });
    const headers = { "content-type": "application/json", event: "ping" };
    const secret = {
      type: "AWS4-HMAC-SHA256",
      aws_access_key_id: "AKIDEXAMPLE",
      aws_secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      region: "eu-north-1",
      service: "execute-api",
    } as const;
    const made = signatureHeaders({ url, id: "id", body, at, headers }, { signing: [], config: [secret] });
    const signedNames = /SignedHeaders=([^,]+)/.exec(made["authorization"] ?? "")?.[1]?.split(";") ?? [];
    const all: Record<string, string> = {
      ...headers,
      ...made,
      host: url.host,
      "content-length": String(Buffer.byteLength(body)),
    };
    const signer = new SignatureV4({
      service: secret.service,
      region: secret.region,
      credentials: { accessKeyId: secret.aws_access_key_id, secretAccessKey: secret.aws_secret_access_key },
      sha256: Sha256,
      applyChecksum: false,
    });
    const { headers: theirs } = await signer.sign(
      {
        method: "POST",
        protocol: "https:",
        hostname: url.host,
        path: url.pathname,
        query: { b: "2", a: "1" },
        headers: Object.fromEntries(signedNames.map((name) => [name, all[name] ?? ""])),
        body,
      },
      { signingDate: at },
    );
    expect(made["authorization"]).toBe(theirs["authorization"]);
    expect(signedNames).toContain("host");
  });
});
