import { createHash } from "node:crypto";
import { Type } from "typebox";
import { Check } from "typebox/value";
import { type CheckpointKey, keyIdOf } from "./keys.ts";

const Digest = Type.String({ pattern: "^[0-9a-f]{64}$" });
const HeaderSchema = Type.Object({
  format: Type.Literal("tillkeeper-audit-checkpoint"),
  version: Type.Literal(1),
  number: Type.Integer({ minimum: 1 }),
  at: Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$" }),
  previous: Type.Union([Digest, Type.Null()]),
});
const HeadSchema = Type.Object({
  account: Type.String({ pattern: "^[PT]\\d{3,8}$" }),
  seq: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  hash: Digest,
});
const SealSchema = Type.Object({
  accounts: Type.Integer({ minimum: 0 }),
  digest: Digest,
  key_id: Type.String({ pattern: "^[\\w-]{43}$" }),
  signature: Type.String({ pattern: "^[\\w-]{86}$" }),
});

/** First line of a checkpoint. `previous` is the digest of the checkpoint before. */
export type CheckpointHeader = Type.Static<typeof HeaderSchema>;
/** The end of one account's chain. */
export type CheckpointHead = Type.Static<typeof HeadSchema>;
/** Last line: the digest covers all lines before, the signature covers the digest. */
export type CheckpointSeal = Type.Static<typeof SealSchema>;
export type Checkpoint = CheckpointHeader & CheckpointSeal;

/** A file is not a checkpoint, or was changed after it was written. The message goes on after the name of the file. */
export class CheckpointFault extends Error {}

const longestLine = 4_096;

/** The lines of a checkpoint; `sealed` is told of the last one before it is handed out. */
export async function* writeCheckpoint(
  header: Pick<CheckpointHeader, "number" | "at" | "previous">,
  heads: AsyncIterable<CheckpointHead[]>,
  { key, sealed }: { key: CheckpointKey; sealed: (seal: CheckpointSeal) => void },
): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  const covered = (lines: object[]) => {
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    hash.update(bytes);
    return bytes;
  };
  const { number, at, previous } = header;
  yield covered([{ format: "tillkeeper-audit-checkpoint", version: 1, number, at, previous }]);
  let accounts = 0;
  for await (const some of heads) {
    accounts += some.length;
    yield covered(some);
  }
  const digest = hash.digest("hex");
  const seal = { accounts, digest, key_id: keyIdOf(key.publicKey), signature: key.sign(digest) };
  sealed(seal);
  yield Buffer.from(`${JSON.stringify(seal)}\n`);
}

/**
 * Reads a checkpoint through and hands out its heads as they come. Throws `CheckpointFault` when it is cut off, changed or
 * something else. Whether the key that signed it is a right one is not asked here.
 */
export async function readCheckpoint(
  content: AsyncIterable<Uint8Array>,
  onHead: (head: CheckpointHead) => void | Promise<void> = () => undefined,
): Promise<Checkpoint> {
  const hash = createHash("sha256");
  let line = 0;
  let header: CheckpointHeader | undefined;
  let seal: CheckpointSeal | undefined;
  let accounts = 0;
  let last = "";
  for await (const bytes of linesOf(content)) {
    line += 1;
    if (seal) throw new CheckpointFault(`goes on after its signature, in line ${line}`);
    const value = parsed(bytes);
    if (Check(SealSchema, value) && header) {
      seal = value;
      continue;
    }
    hash.update(bytes);
    if (!header) {
      if (!Check(HeaderSchema, value)) throw new CheckpointFault("is not a checkpoint of the audit log");
      header = value;
      continue;
    }
    if (!Check(HeadSchema, value) || value.account <= last) {
      throw new CheckpointFault(`was changed: line ${line} is not the head of the next account`);
    }
    last = value.account;
    accounts += 1;
    await onHead(value);
  }
  if (!header) throw new CheckpointFault("is empty");
  if (!seal) throw new CheckpointFault("is cut off: its last line, the signature, is missing");
  if (hash.digest("hex") !== seal.digest || accounts !== seal.accounts) {
    throw new CheckpointFault("was changed: its content does not have the digest that was signed");
  }
  return { ...header, ...seal };
}

function parsed(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** Each with its line feed. */
async function* linesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of content) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10, from)) {
      yield rest.subarray(from, end + 1);
      from = end + 1;
    }
    rest = rest.subarray(from);
    if (rest.length > longestLine) throw new CheckpointFault("is not a checkpoint of the audit log");
  }
  if (rest.length > 0) throw new CheckpointFault("is cut off in the middle of a line");
}
