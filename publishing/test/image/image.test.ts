import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, run } from "../support.ts";

const scripts = join(root, "deploy/image");
/** Kept from run to run: what it is made by says what it is. */
const base = `localhost/tillkeeper-test-root:${digestOf(join(scripts, "debian-root.sh"))}`;
const flavours = ["server", "sandbox"] as const;
const imageOf = (flavour: (typeof flavours)[number]) => `localhost/tillkeeper-test:${process.pid}-${flavour}`;
/** The user of the image, and one that it does not know. */
const [known, unknown] = ["10001", "12345"];

beforeAll(async () => {
  await buildah("inspect", "--type", "image", base).catch(() => run(root, join(scripts, "debian-root.sh"), base));
  for (const flavour of flavours) {
    const settings = ["IMAGE_BUILDER=buildah", `IMAGE_BASE=${base}`];
    await run(root, "env", ...settings, join(scripts, "build.sh"), flavour, imageOf(flavour));
  }
});

afterAll(() => buildah("rmi", "--force", ...flavours.map(imageOf)));

function buildah(...args: string[]): Promise<string> {
  return run(root, "buildah", ...args);
}

function digestOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
}

/** Runs a command of an image with a read-only root and without capabilities. */
function restricted(flavour: (typeof flavours)[number], uid: string, tmp: "tmp" | "no-tmp", ...args: string[]) {
  return run(root, join(import.meta.dirname, "run-restricted.sh"), imageOf(flavour), uid, tmp, ...args);
}

describe("an image made of a checkout", () => {
  it.each(flavours)("%s: runs as an ordinary user, and names its command and its folder", async (flavour) => {
    const { OCIv1 } = JSON.parse(await buildah("inspect", "--type", "image", imageOf(flavour)));
    expect(OCIv1.config).toMatchObject({
      User: "10001:10001",
      Entrypoint: ["tillkeeper"],
      Cmd: [flavour === "server" ? "serve" : "sandbox"],
      Volumes: { "/data": {} },
      StopSignal: "SIGTERM",
    });
    expect(await restricted(flavour, known, "tmp", "--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("plays the demo with a read-only root, without capabilities", async () => {
    expect(await restricted("sandbox", known, "tmp", "demo")).toContain("Everything went as documented");
  });

  it("has no database of its own where it is a server's", async () => {
    await expect(restricted("server", known, "tmp", "serve")).rejects.toThrow("DATABASE_URL");
  });

  it.each([
    { lacks: "a name for the user", uid: unknown, tmp: "tmp" as const, says: "/etc/passwd has none for uid 12345" },
    {
      lacks: "a writable /tmp",
      uid: known,
      tmp: "no-tmp" as const,
      says: "No folder for temporary files can be made in /tmp",
    },
    { lacks: "root's capabilities", uid: "0", tmp: "tmp" as const, says: "start the server as an ordinary user" },
  ])("says in one sentence that it lacks $lacks", async ({ uid, tmp, says }) => {
    const said = await restricted("sandbox", uid, tmp, "demo").catch((error: Error) => error.message);
    const lines = said.split("\n").filter((line) => line.includes(says));
    expect(lines).toHaveLength(1);
    expect(said).not.toMatch(/^\s+at /m);
  });
});
