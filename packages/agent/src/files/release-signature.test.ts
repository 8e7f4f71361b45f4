import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { keyIdOf, verifyRelease } from "./release-signature.ts";

const page = readFileSync(new URL("../../../../docs/device-protocol/updates.md", import.meta.url), "utf8");

test("the example of the device protocol verifies, and nothing that differs from it", () => {
  const key = JSON.parse(/^\{ "kty": "OKP".*\}$/m.exec(page)?.[0] ?? "");
  const [, sha256 = "", signature = ""] = /^sha256 +(\w{64})\nsignature +([\w-]{86})$/m.exec(page) ?? [];
  const key_id = keyIdOf(key);
  expect(page).toContain(`\`${key_id}\``);
  const release = { device_model: "SATURN1000", version: "4.3.0", size: 3, sha256, signature, key_id };
  expect(() => verifyRelease(release, [key])).not.toThrow();
  for (const change of [
    { size: 4 },
    { version: "4.3.1" },
    { device_model: "S1P2" },
    { sha256: sha256.replace("b", "c") },
  ]) {
    expect(() => verifyRelease({ ...release, ...change }, [key])).toThrow(
      expect.objectContaining({ code: "bad_signature" }),
    );
  }
  expect(() => verifyRelease(release, [])).toThrow(expect.objectContaining({ code: "unknown_release_key" }));
});

test("a weak key verifies nothing, also where it is trusted", () => {
  // The neutral point. With it as R and 0 as S, the signature is valid for every text by the equation alone.
  const neutral = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
  const key = { kty: "OKP", crv: "Ed25519", x: neutral.toString("base64url") } as const;
  const signature = Buffer.concat([neutral, Buffer.alloc(32)]).toString("base64url");
  const release = {
    device_model: "S1P2",
    version: "1",
    size: 1,
    sha256: "0".repeat(64),
    signature,
    key_id: keyIdOf(key),
  };
  expect(() => verifyRelease(release, [key])).toThrow(
    expect.objectContaining({ code: "bad_signature", message: expect.stringContaining("weak") }),
  );
});
