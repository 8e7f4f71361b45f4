import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { publicKeyProblem } from "./public-keys.ts";

const okp = (x: string) => ({ kty: "OKP", crv: "Ed25519", x });
const ofHex = (hex: string) => okp(Buffer.from(hex, "hex").toString("base64url"));
const prime = 2n ** 255n - 19n;
const littleEndian = (value: bigint) =>
  Buffer.from(Buffer.from(value.toString(16).padStart(64, "0"), "hex").toReversed()).toString("hex");

describe("a public key from outside", () => {
  it("is refused when its point has a small order", () => {
    // The list of libsodium (ed25519_ref10.c, ge25519_has_small_order), each with both signs.
    const blocked = [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for (const hex of blocked)
      for (const sign of [0, 0x80]) {
        const bytes = Buffer.from(hex, "hex");
        bytes.writeUInt8(bytes.readUInt8(31) | sign, 31);
        expect(publicKeyProblem(ofHex(bytes.toString("hex"))), bytes.toString("hex")).toMatch("small order");
      }
  });

  it("is refused when its point is not written in its canonical form", () => {
    for (let above = 2n; above < 19n; above += 1n)
      expect(publicKeyProblem(ofHex(littleEndian(prime + above))), `p + ${above}`).toMatch("canonical");
    const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const others = alphabet.split("").map((last) => x.slice(0, -1) + last);
    for (const other of others) {
      const canonical = Buffer.from(other, "base64url").toString("base64url") === other;
      expect(publicKeyProblem(okp(other)) === undefined, other).toBe(canonical);
    }
  });

  it("is taken when it is one of 200 that were made just now, and in no other form", () => {
    for (let count = 0; count < 100; count += 1) {
      const ed25519 = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
      const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
      expect([publicKeyProblem(ed25519), publicKeyProblem(p256)]).toEqual([undefined, undefined]);
    }
    const good = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
    const bad = [
      {},
      { ...good, crv: "X25519" },
      { ...good, kty: "EC" },
      { ...good, x: 7 },
      { ...good, x: `${good.x}=` },
      { ...good, x: `${good.x?.slice(0, -1)}+` },
      { kty: "EC", crv: "P-256", x: good.x },
      { kty: "EC", crv: "P-384", x: good.x, y: good.x },
    ];
    for (const key of bad) expect(publicKeyProblem(key), JSON.stringify(key)).toMatch(/^must/);
  });
});
