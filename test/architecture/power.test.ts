import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { findUnmarked } from "./power.ts";

const root = resolve(import.meta.dirname, "../..");

describe("rows that give power away", () => {
  it("say so, everywhere", { timeout: 120_000 }, () => {
    const { marked, ...faults } = findUnmarked(root);
    expect(faults).toEqual({ rows: [], idle: [], unchecked: [] });
    expect(marked.length).toBeGreaterThan(15);
  });

  it("are left out by the sandbox alone, which makes its first terminals itself", () => {
    const folder = join(root, "packages/server/src");
    const users = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && readFileSync(join(folder, name), "utf8").includes('"the server itself"'),
    );
    expect(users.toSorted()).toEqual(["access/auth/live-grant.ts", "platform/http/route.ts", "sandbox/beginning.ts"]);
  });

  it("are seen: each of these deliberate violations is reported, and nothing else", () => {
    const { rows, marked, idle, unchecked } = findUnmarked(join(import.meta.dirname, "fixtures/power"));
    expect(rows.toSorted()).toEqual([
      "doors.by_a_port writes client_secrets and does not say so",
      "doors.by_builder writes clients and does not say so",
      "doors.by_statement writes pairing_codes and does not say so",
    ]);
    expect(marked).toEqual(
      ["marked", "marked_and_unchecked", "open_and_marked", "marked_for_nothing"].map((name) => `doors.${name}`),
    );
    expect(idle).toEqual(["doors.marked_for_nothing"]);
    expect(unchecked).toEqual(["doors.marked_and_unchecked"]);
  });
});
