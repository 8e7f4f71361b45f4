import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";

const { server, tenant } = await world();

const pathOf = (aid: string) => `/v1/accounts/${aid}/payout-destinations`;
const create = (of: Tenant, body: object) => server.call("POST", pathOf(of.aid), { ...of, body });
const move = (of: Tenant, id: string, case_status: string) =>
  server.call("PUT", `${pathOf(of.aid)}/${id}/case-status`, { ...of, body: { case_status } });

describe("reading payout destinations", () => {
  let path: string;
  beforeAll(async () => {
    path = pathOf(tenant.aid);
    for (let n = 1; n <= 7; n += 1) {
      await create(tenant, {
        payout_destination_id: `PD${n}`,
        payout_destination_name: `Shop ${n}`,
        payout_destination_description: n % 2 === 0 ? "AUTO_APPROVE" : "AUTO_DECLINE",
        ...(n === 3 && {
          organization: { organization_number: "974760673", name: "Ærlig 100% AS", trade_name: "ÆRLIG" },
        }),
        ...(n === 4 && { type: "individual", individual: { name: "Jane Smith" } }),
      });
    }
  });

  const ids = async (query: string) => {
    const { body } = await server.call("GET", `${path}?${query}`, tenant);
    return body.payout_destinations.map((entry: { payout_destination_id: string }) => entry.payout_destination_id);
  };

  it("lists newest first in pages that neither skip nor repeat, also while others are added", async () => {
    const seen: string[] = [];
    let query = "limit=3";
    for (let page = 1; ; page += 1) {
      const { body } = await server.call("GET", `${path}?${query}`, tenant);
      seen.push(
        ...body.payout_destinations.map((entry: { payout_destination_id: string }) => entry.payout_destination_id),
      );
      if (!body.starting_after) break;
      await create(tenant, { payout_destination_id: `LATE${page}` });
      query = `limit=3&starting_after=${body.starting_after}`;
    }
    expect(seen).toEqual(["PD7", "PD6", "PD5", "PD4", "PD3", "PD2", "PD1"]);
    expect(await server.call("GET", `${path}?starting_after=PD99`, tenant)).toMatchObject({
      status: 400,
      body: { error: { errors: [{ path: "/query/starting_after" }] } },
    });
    for (const limit of ["0", "101", "x"]) {
      expect((await server.call("GET", `${path}?limit=${limit}`, tenant)).status).toBe(400);
    }
  });

  it("keeps pages in order among destinations of the same instant", async () => {
    const other = await server.account();
    await server.db.sql
      .insertInto("payout_destinations")
      .values(
        Array.from({ length: 5 }, (_, n) => ({
          account_id: other.aid,
          payout_destination_id: `PD${n}`,
          case_status: "ACTIVE" as const,
          type: "company" as const,
          created_at: new Date("2026-01-01T00:00:00.123Z"),
        })),
      )
      .execute();
    const first = await server.call("GET", `${pathOf(other.aid)}?limit=2`, other);
    expect(first.body.starting_after).toBe("PD3");
    const rest = await server.call("GET", `${pathOf(other.aid)}?starting_after=PD3`, other);
    expect(
      rest.body.payout_destinations.map((entry: { payout_destination_id: string }) => entry.payout_destination_id),
    ).toEqual(["PD2", "PD1", "PD0"]);
    expect(rest.body).not.toHaveProperty("starting_after");
  });

  it("filters by any of the given statuses and by a part of id, name or organization number", async () => {
    expect(await ids("case_status=ACTIVE")).toEqual(["PD6", "PD4", "PD2"]);
    expect(await ids("limit=100&case_status=ACTIVE&case_status=DECLINED")).toHaveLength(7);
    expect(await ids("search=shop%206")).toEqual(["PD6"]);
    expect(await ids("search=%C3%A6rlig")).toEqual(["PD3"]);
    expect(await ids("search=100%25")).toEqual(["PD3"]);
    expect(await ids("search=47606")).toEqual(["PD3"]);
    expect(await ids("search=smith&case_status=ACTIVE")).toEqual(["PD4"]);
    expect(await ids("search=smith&case_status=DECLINED")).toEqual([]);
    expect(await ids("search=_")).toEqual([]);
    expect((await server.call("GET", `${path}?case_status=HAPPY`, tenant)).status).toBe(400);
  });

  it("shows one with its stores and terminals, and both in numbers in the list", async () => {
    const payout_destination = { payout_destination_id: "PD2" };
    for (const store_id of ["S1", "S2", "S3"]) {
      const body = { store_id, store_name: `Store ${store_id}`, payout_destination };
      await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body });
    }
    await server.db.sql
      .updateTable("stores")
      .set({ status: "DELETED" })
      .where("account_id", "=", tenant.aid)
      .where("store_id", "=", "S3")
      .execute();
    const terminal = { device_serial_number: "PD-SERIAL-1", store_id: "S1" };
    const added = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body: terminal });
    const one = await server.call("GET", `${path}/PD2`, tenant);
    expect(one).toMatchObject({
      status: 200,
      body: {
        payout_destination_id: "PD2",
        case_status: "ACTIVE",
        number_of_stores: 2,
        number_of_terminals: 1,
        stores: [
          { account_id: tenant.aid, store_id: "S2", store_name: "Store S2", status: "ACTIVE" },
          { account_id: tenant.aid, store_id: "S1", store_name: "Store S1", status: "ACTIVE" },
        ],
        terminals: [
          {
            terminal_id: added.body.terminal_id,
            device_serial_number: "PD-SERIAL-1",
            status: "PENDING",
            store_id: "S1",
          },
        ],
        links: [
          { rel: "stores", href: `${server.url}/v1/accounts/${tenant.aid}/stores?payout_destination_id=PD2` },
          { rel: "terminals", href: `${server.url}/v1/accounts/${tenant.aid}/terminals?payout_destination_id=PD2` },
        ],
      },
    });
    const { body } = await server.call("GET", `${path}?search=PD2`, tenant);
    expect(body.payout_destinations[0]).toMatchObject({ number_of_stores: 2, number_of_terminals: 1 });
    for (const field of ["stores", "terminals", "links"]) expect(body.payout_destinations[0]).not.toHaveProperty(field);
  });

  it("looks to other accounts as if it did not exist", async () => {
    const stranger = await server.account();
    const asked = [
      await server.call("GET", `${pathOf(stranger.aid)}/PD2`, stranger),
      await server.call("GET", `${pathOf(stranger.aid)}/NONE`, stranger),
      await move(stranger, "PD2", "TERMINATED"),
    ];
    for (const { status, body } of asked) {
      expect({ status, body }).toEqual({
        status: 404,
        body: { error: { code: "unknown_payout_destination", message: expect.any(String), errors: [] } },
      });
    }
    for (const oid of [tenant.aid, "T99999999", "T999"]) {
      for (const url of [pathOf(oid), `${pathOf(oid)}/PD2`]) {
        expect(await server.call("GET", url, stranger)).toMatchObject({
          status: 404,
          body: { error: { code: "account_not_found", message: "There is no such account." } },
        });
      }
      expect((await create({ ...stranger, aid: oid }, {})).body.error.code).toBe("account_not_found");
      expect((await move({ ...stranger, aid: oid }, "PD2", "TERMINATED")).body.error.code).toBe("account_not_found");
    }
    expect((await server.call("GET", `${pathOf(stranger.aid)}?starting_after=PD2`, stranger)).status).toBe(400);
    expect((await server.call("GET", `${path}/PD2`, tenant)).body.case_status).toBe("ACTIVE");
  });
});
