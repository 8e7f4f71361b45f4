import { createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { checkpointKey, isSignedWith, keyIdOf } from "./keys.ts";
import { type CheckpointHead, type CheckpointSeal, readCheckpoint, writeCheckpoint } from "./text.ts";

const keyOf = (byte: number) => checkpointKey({ derive: () => Buffer.alloc(32, byte) });
const key = keyOf(1);
const heads = Array.from({ length: 2_500 }, (_, n) => ({
  account: `P${String(n).padStart(8, "0")}`,
  seq: n,
  hash: n.toString(16).padStart(64, "0"),
}));

async function write(pages: CheckpointHead[][], previous: string | null = null) {
  const pieces: Buffer[] = [];
  const seals: CheckpointSeal[] = [];
  async function* source() {
    yield* pages;
  }
  const header = { number: 7, at: "2026-11-27T04:00:00.000Z", previous };
  const sealed = (seal: CheckpointSeal) => seals.push(seal);
  for await (const piece of writeCheckpoint(header, source(), { key, sealed })) pieces.push(piece);
  return { bytes: Buffer.concat(pieces), seal: seals[0] };
}

/** In pieces of some bytes, as files and networks hand them out. */
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const reading = (bytes: Buffer | string, size = 65_536) => readCheckpoint(inPieces(Buffer.from(bytes), size));

describe("a checkpoint", () => {
  it.each([1, 7, 100, 65_536])("is read as it was written, in pieces of %d bytes", async (size) => {
    const few = heads.slice(0, 30);
    const { bytes, seal } = await write([few.slice(0, 10), [], few.slice(10)]);
    const seen: CheckpointHead[] = [];
    const read = await readCheckpoint(inPieces(bytes, size), (head) => void seen.push(head));
    expect(seen).toEqual(few);
    expect(read).toMatchObject({ number: 7, previous: null, accounts: 30, ...seal });
    expect(isSignedWith(key.publicKey, read.digest, read.signature)).toBe(true);
    expect(isSignedWith(keyOf(2).publicKey, read.digest, read.signature)).toBe(false);
    expect(read.key_id).toBe(keyIdOf(key.publicKey));
  });

  it("may have no heads at all, or many", async () => {
    expect(await reading((await write([])).bytes)).toMatchObject({ accounts: 0 });
    const { bytes } = await write([heads]);
    expect(await reading(bytes)).toMatchObject({ accounts: 2_500 });
    // What docs/audit.md says of the size of a file.
    expect(bytes.length / heads.length).toBeLessThan(120);
  });

  it("is signed with a key that is known from other programs", () => {
    // RFC 8032 section 7.1, test 1.
    const seed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
    const { publicKey } = checkpointKey({ derive: () => seed });
    const x = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
    expect(x).toBe("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    expect(createPublicKey(publicKey.export({ type: "spki", format: "pem" })).equals(publicKey)).toBe(true);
  });

  it("is refused when a byte of it was changed, wherever", async () => {
    const { bytes, seal } = await write([heads.slice(0, 3)]);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const read = await reading(changed).catch((error: Error) => error.message);
      // The id of the key and the signature are no part of what has a digest.
      const holds =
        typeof read !== "string" &&
        read.key_id === seal?.key_id &&
        isSignedWith(key.publicKey, read.digest, read.signature) &&
        read.signature === seal.signature;
      expect(holds, String(at)).toBe(false);
    }
  });

  it("says what is wrong with a file", async () => {
    const { bytes } = await write([heads.slice(0, 3)]);
    const text = bytes.toString();
    const lines = text.split("\n");
    const without = (index: number) => lines.filter((_, at) => at !== index).join("\n");
    const swapped = [lines[0], lines[2], lines[1], ...lines.slice(3)].join("\n");
    const cases: [Buffer | string, string | RegExp][] = [
      ["", "is empty"],
      ["hello\n", "is not a checkpoint of the audit log"],
      ["x".repeat(100_000), "is not a checkpoint of the audit log"],
      [Buffer.alloc(10_000), "is not a checkpoint of the audit log"],
      [without(0), "is not a checkpoint of the audit log"],
      [without(2), "was changed: its content does not have the digest that was signed"],
      [without(4), "is cut off: its last line, the signature, is missing"],
      [text.slice(0, -1), "is cut off in the middle of a line"],
      [text + text, "goes on after its signature, in line 6"],
      [swapped, "was changed: line 3 is not the head of the next account"],
      [text.replace('"seq":1', '"seq":-1'), "was changed: line 3 is not the head of the next account"],
      [text.replaceAll("\n", "\r\n"), "was changed: its content does not have the digest that was signed"],
    ];
    for (const [given, message] of cases) await expect(reading(given), String(message)).rejects.toThrow(message);
  });
});
