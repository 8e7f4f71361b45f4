import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

type Step = { kind: "page"; limit: number } | { kind: "add" } | { kind: "delete"; which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("page" as const), limit: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "add" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), which: fc.nat(1_000) }) },
);

/** A list to which rows are added, and from which rows are deleted, while a caller reads its pages. */
interface Listing {
  name: string;
  key: "stores" | "terminals";
  idOf: (row: Record<string, string>) => string;
  path: (of: Tenant) => string;
  body: (number: number) => object;
}

const listings: Listing[] = [
  {
    name: "stores",
    key: "stores",
    idOf: (row) => row["id"] as string,
    path: ({ aid }) => `/v1/accounts/${aid}/stores`,
    body: () => ({}),
  },
  {
    name: "terminals",
    key: "terminals",
    idOf: (row) => row["terminal_id"] as string,
    path: ({ aid }) => `/v1/accounts/${aid}/terminals`,
    body: (number) => ({ device_serial_number: `P${number}`, store_id: "S1" }),
  },
];

describe("pages of a list that changes meanwhile", async () => {
  const { server } = await world();
  let serials = 0;

  for (const listing of listings) {
    it(`of ${listing.name} neither skip nor repeat a row`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 12 }), fc.array(step, { maxLength: 25 }), async (rows, steps) => {
          const tenant = await server.account();
          if (listing.key === "terminals") {
            await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S1" } });
          }
          await walk(listing, tenant, rows, steps);
        }),
        { numRuns: 40 },
      );
    });
  }

  async function walk(listing: Listing, tenant: Tenant, rows: number, steps: Step[]): Promise<void> {
    const path = listing.path(tenant);
    const live: string[] = [];
    const deleted = new Set<string>();
    const seen: string[] = [];
    let cursor: string | undefined = "";
    const add = async () => {
      serials += 1;
      const { status, body } = await server.call("POST", path, { ...tenant, body: listing.body(serials) });
      expect(status).toBe(201);
      live.push(listing.idOf(body));
    };
    const page = async (limit: number) => {
      const after = cursor === "" ? "" : `&starting_after=${cursor}`;
      const { status, body } = await server.call("GET", `${path}?limit=${limit}${after}`, tenant);
      expect(status).toBe(200);
      seen.push(...body[listing.key].map(listing.idOf));
      cursor = body.starting_after;
    };
    for (let row = 0; row < rows; row += 1) await add();
    const atStart = [...live];
    for (const one of steps) {
      if (one.kind === "add") await add();
      else if (one.kind === "page" && cursor !== undefined) await page(one.limit);
      else if (one.kind === "delete" && live.length > 0) {
        const [id] = live.splice(one.which % live.length, 1);
        expect((await server.call("DELETE", `${path}/${id}`, tenant)).status).toBe(200);
        deleted.add(id as string);
      }
    }
    for (;;) {
      if (cursor === undefined) break;
      await page(3);
    }
    expect(new Set(seen).size, "no row comes twice").toBe(seen.length);
    const stayed = atStart.filter((id) => !deleted.has(id));
    expect(
      stayed.filter((id) => !seen.includes(id)),
      "no row is skipped that was there all along",
    ).toEqual([]);
    expect(seen).toEqual(seen.toSorted().toReversed());
  }
});
