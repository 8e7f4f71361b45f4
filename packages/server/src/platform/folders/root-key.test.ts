import { fork } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRootKey, type KeyPurpose, readRootKey, rootKeyFile } from "./root-key.ts";

const purposes: KeyPurpose[] = ["fingerprint", "signingKeys", "auditCheckpoints"];

describe("the root key", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tillkeeper-root-key-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("lies in the data folder unless a setting says otherwise", () => {
    expect(rootKeyFile({ dataDir: folder })).toBe(join(folder, "key"));
    expect(rootKeyFile({ dataDir: folder, keyFile: "/run/secrets/tillkeeper" })).toBe("/run/secrets/tillkeeper");
  });

  it("is made of 256 bits that only the owner of the file may read, whatever the umask", () => {
    const before = process.umask(0);
    const file = join(folder, "below", "key");
    try {
      createRootKey(file);
    } finally {
      process.umask(before);
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toMatch(/^[\da-f]{64}\n$/);
    expect(readdirSync(join(folder, "below"))).toEqual(["key"]);
  });

  it("stays as it is when it is made again", () => {
    const file = join(folder, "key");
    const made = createRootKey(file);
    expect(createRootKey(file).fingerprint()).toBe(made.fingerprint());
    expect(readRootKey(file)?.fingerprint()).toBe(made.fingerprint());
  });

  it("is the same for processes that make it at once", async () => {
    const file = join(folder, "key");
    const module = new URL("./root-key.ts", import.meta.url).href;
    const program = `import { createRootKey } from ${JSON.stringify(module)}; process.send(createRootKey(${JSON.stringify(file)}).fingerprint());`;
    const made = await Promise.all([1, 2, 3, 4].map(() => answerOf(program)));
    expect(new Set(made).size).toBe(1);
    expect(made[0]).toBe(readRootKey(file)?.fingerprint());
    expect(readdirSync(folder)).toEqual(["key"]);
  });

  it("gives every purpose bytes of its own, always those", () => {
    const file = join(folder, "key");
    writeFileSync(file, "ab".repeat(32));
    const key = readRootKey(file);
    const derived = purposes.map((purpose) => key?.derive(purpose).toString("hex"));
    expect(new Set([...derived, "ab".repeat(32)]).size).toBe(purposes.length + 1);
    expect(derived).toEqual(knownDerivations);
    expect(key?.fingerprint()).toBe(knownDerivations[0]?.slice(0, 32));
  });

  it("differs from every other", () => {
    const one = createRootKey(join(folder, "1"));
    const other = createRootKey(join(folder, "2"));
    for (const purpose of purposes) expect(one.derive(purpose)).not.toEqual(other.derive(purpose));
  });

  it.each(["", "ab".repeat(31), `${"ab".repeat(32)}00`, "x".repeat(64), "-----BEGIN PRIVATE KEY-----"])(
    "is not taken from a file with %j",
    (text) => {
      const file = join(folder, "key");
      writeFileSync(file, text);
      expect(() => readRootKey(file)).toThrow(/does not hold a key, .*TILLKEEPER_KEY_FILE/);
      expect(() => createRootKey(file)).toThrow(/does not hold a key/);
      expect(readFileSync(file, "utf8")).toBe(text);
    },
  );

  it("says in one sentence why a file cannot be read or made", () => {
    expect(readRootKey(join(folder, "none"))).toBeUndefined();
    expect(() => readRootKey(folder)).toThrow(/cannot be read \(EISDIR\): .*TILLKEEPER_KEY_FILE/);
    writeFileSync(join(folder, "file"), "");
    expect(() => createRootKey(join(folder, "file", "key"))).toThrow(
      /cannot be made \((EEXIST|ENOTDIR)\): .*TILLKEEPER_KEY_FILE/,
    );
  });
});

/** Computed with another program (Python's `hmac`), in the order of the purposes. */
const knownDerivations = [
  "92afa91d5ca5684177972a69e976befa566be44e4870590ea9d5c1b2ed3eaa9e",
  "a57ab5bd50820c28dee208d4364e6eddc75282962357be7acbe4b62c2061567c",
  "b80e301744d34b701af58b75df1d4df37974413acb00d84d24dc7cb0fd5838f7",
];

function answerOf(program: string): Promise<unknown> {
  const child = fork("-", {
    execArgv: ["--input-type=module", "--eval", program],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
  });
}
