import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { accountIdPattern, operatorAccountIdPattern } from "@tillkeeper/contract/accounts";
import { clientIdPattern } from "@tillkeeper/contract/http/clients";
import { describe, expect, it } from "vitest";
import { faultsOf } from "./pattern-faults.ts";
import { type Pattern, patternsInSchemas, patternsInSources } from "./patterns.ts";

const root = resolve(import.meta.dirname, "../..");
/** The library is a dependency of the server. */
const ofServer = createRequire(join(root, "packages/server/package.json"));
const { fullFormats } = ofServer("ajv-formats/dist/formats.js") as { fullFormats: Record<string, unknown> };

describe("no regular expression works longer than its text is long", { timeout: 300_000 }, () => {
  it("and those that do are seen", async () => {
    const bad = ["^(a+)+$", "\\/+$", "(\\s*,)*x"].map((source) => ({ where: "here", source, flags: "" }));
    expect(await faultsOf(bad)).toEqual([
      expect.stringContaining("exponential"),
      expect.stringContaining("2nd degree polynomial"),
      expect.stringContaining("here"),
    ]);
  });

  it("in the schemas of the API and of the device protocol", async () => {
    const patterns = ["docs/openapi.json", "docs/asyncapi.json"].flatMap((file) => patternsInSchemas(root, file));
    expect(patterns.length).toBeGreaterThan(20);
    expect(await faultsOf(patterns)).toEqual([]);
  });

  it("in the formats that a library checks for us", async () => {
    const patterns = (["email", "uri"] as const).flatMap((name): Pattern[] => {
      const format = fullFormats[name];
      if (format instanceof RegExp) return [{ where: name, source: format.source, flags: format.flags }];
      return [];
    });
    expect(patterns.length).toBeGreaterThan(0);
    expect(await faultsOf(patterns)).toEqual([]);
  });

  // Those of programs that use the server: `client-patterns.test.ts`.
  it.each(["contract", "server"])("in the sources of %s", async (name) => {
    const { patterns } = patternsInSources(root, `packages/${name}/src`);
    expect(patterns.length).toBeGreaterThan(0);
    expect(await faultsOf(patterns)).toEqual([]);
  });

  it("among those that are put together while the server runs", async () => {
    const { composed: files } = patternsInSources(root, "packages/server/src");
    expect(files.toSorted()).toEqual([
      "packages/server/src/access/auth/tokens/audience.ts",
      "packages/server/src/config/settings.ts",
      // They see the texts of migrations only, which are files of the project.
      ...Array.from({ length: 9 }, () => "packages/server/src/db/migrating/locks.ts"),
      "packages/server/src/db/tenants/tenant.ts",
      "packages/server/src/merchants/payout-destinations/present.ts",
      "packages/server/src/platform/http/request-client.ts",
    ]);
    const composed = [accountIdPattern, operatorAccountIdPattern, clientIdPattern];
    const patterns = composed.map((source) => ({ where: "", source, flags: "" }));
    expect(await faultsOf(patterns)).toEqual([]);
  });
});
