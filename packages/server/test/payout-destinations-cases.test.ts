import { type CaseStatus, caseMoves, caseStatuses } from "@tillkeeper/contract/case-status";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { nextAccountId, type Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const { server } = await world();

const pathOf = (aid: string) => `/v1/accounts/${aid}/payout-destinations`;
const create = (tenant: Tenant, body: object) => server.call("POST", pathOf(tenant.aid), { ...tenant, body });
const move = (tenant: Tenant, id: string, case_status: string) =>
  server.call("PUT", `${pathOf(tenant.aid)}/${id}/case-status`, { ...tenant, body: { case_status } });

describe("the case of a payout destination", () => {
  it("is decided on sandbox accounts by a word in the description, on live ones by nobody", async () => {
    const sandbox = await server.account();
    const live = await server.account(nextAccountId({ live: true }));
    const decisions = {
      AUTO_APPROVE: "ACTIVE",
      AUTO_DECLINE: "DECLINED",
      AUTO_WAITING_FOR_SIGNATURE: "WAITING_FOR_SIGNATURE",
      "A shop. AUTO_APPROVE": "ACTIVE",
      AUTO_APPROVED: "AUTOMATIC_REVIEW",
      "": "AUTOMATIC_REVIEW",
    };
    for (const [payout_destination_description, case_status] of Object.entries(decisions)) {
      expect((await create(sandbox, { payout_destination_description })).body).toMatchObject({ case_status });
      expect((await create(live, { payout_destination_description })).body).toMatchObject({
        case_status: "AUTOMATIC_REVIEW",
      });
    }
  });

  it("makes exactly the moves of the table, and names both ends of every other", async () => {
    const tenant = await server.account();
    const put = (id: string, case_status: CaseStatus) =>
      server.db.sql
        .updateTable("payout_destinations")
        .set({ case_status })
        .where("payout_destination_id", "=", id)
        .where("account_id", "=", tenant.aid)
        .execute();
    await create(tenant, { payout_destination_id: "PD1" });
    for (const from of caseStatuses) {
      for (const to of caseStatuses) {
        await put("PD1", from);
        const allowed: readonly CaseStatus[] = caseMoves[from];
        const answer = await move(tenant, "PD1", to);
        if (from === to || allowed.includes(to)) {
          expect(answer, `${from} to ${to}`).toMatchObject({ status: 200, body: { case_status: to } });
        } else {
          expect(answer, `${from} to ${to}`).toMatchObject({
            status: 409,
            body: {
              error: { code: "case_status_not_allowed", errors: [{ path: "/body/case_status", from, to, allowed }] },
            },
          });
          expect(answer.body.error.message).toContain(from);
          expect(answer.body.error.message).toContain(to);
        }
      }
    }
    expect((await move(tenant, "PD1", "HAPPY")).status).toBe(400);
    expect((await move(tenant, "PD2", "ACTIVE")).body.error.code).toBe("unknown_payout_destination");
  });

  it("is moved on a live account by its operator alone", async () => {
    const operator = await server.account("P300");
    const other = await server.account("P301");
    const live = await server.account(nextAccountId({ live: true }));
    const setOperator = (operator_account_id: string | null) =>
      server.db.sql.updateTable("accounts").set({ operator_account_id }).where("account_id", "=", live.aid).execute();
    const audience = `https://api.dintero.com/v1/accounts/${live.aid}`;
    /** A client of another account, with a token for the live one. */
    const inside = async (of: Tenant): Promise<Tenant> => {
      await setOperator(of.aid);
      const auth = `/v1/accounts/${of.aid}/auth`;
      const client = (await server.call("POST", `${auth}/clients`, { ...of, body: {} })).body;
      const grant = { client_id: client.id, audience, scope: ["admin:accounts"], type: "client_credentials" };
      expect((await server.call("POST", `${auth}/client-grants`, { ...of, body: grant })).status).toBe(201);
      const { body } = await server.call("POST", `${auth}/token`, {
        headers: { authorization: basic(client.client_id, client.client_secret) },
        body: { grant_type: "client_credentials", audience },
      });
      return { aid: live.aid, clientId: client.client_id, secret: client.client_secret, token: body.access_token };
    };
    const refused = { status: 403, body: { error: { code: "operator_only" } } };
    await create(live, { payout_destination_id: "PD1" });

    // The account has no operator, so no client can.
    expect(await move(live, "PD1", "ACTIVE")).toMatchObject(refused);
    const others = await inside(other);
    const operators = await inside(operator);
    for (const id of ["PD1", "NONE"]) expect(await move(live, id, "ACTIVE")).toMatchObject(refused);
    expect(await move(others, "PD1", "ACTIVE")).toMatchObject(refused);
    expect(await move(operators, "PD1", "ACTIVE")).toMatchObject({
      status: 200,
      body: { case_status: "ACTIVE", updated_by: operators.clientId },
    });
    expect((await move(operators, "NONE", "ACTIVE")).body.error.code).toBe("unknown_payout_destination");
    expect(await move(live, "PD1", "ACTIVE")).toMatchObject(refused);

    // An operator is not its own operator.
    await create(operator, { payout_destination_id: "PD1" });
    expect(await move(operator, "PD1", "ACTIVE")).toMatchObject(refused);
    await setOperator(null);
    expect(await move(operators, "PD1", "TERMINATED")).toMatchObject(refused);
    // The account may still suspend its stores.
    const stores = `/v1/accounts/${live.aid}/stores`;
    await server.call("POST", stores, { ...live, body: { store_id: "S1" } });
    for (const verb of ["suspend", "resume"])
      expect((await server.call("POST", `${stores}/S1/${verb}`, live)).status, verb).toBe(200);
  });

  it("takes the stores along when it leaves ACTIVE and when it comes back", async () => {
    const tenant = await server.account();
    await create(tenant, { payout_destination_id: "PD1", payout_destination_description: "AUTO_APPROVE" });
    const stores = `/v1/accounts/${tenant.aid}/stores`;
    const payout_destination = { payout_destination_id: "PD1" };
    await server.call("POST", stores, { ...tenant, body: { store_id: "S1", payout_destination } });
    await server.call("POST", stores, { ...tenant, body: { store_id: "S2" } });
    const statusOf = async (id: string) => (await server.call("GET", `${stores}/${id}`, tenant)).body.status;
    await move(tenant, "PD1", "UNDER_MANUAL_REVIEW");
    expect([await statusOf("S1"), await statusOf("S2")]).toEqual(["SUSPENDED", "ACTIVE"]);
    await move(tenant, "PD1", "WAITING_FOR_SIGNATURE");
    expect(await statusOf("S1")).toBe("SUSPENDED");
    await move(tenant, "PD1", "ACTIVE");
    expect([await statusOf("S1"), await statusOf("S2")]).toEqual(["ACTIVE", "ACTIVE"]);
  });

  it("is written into the audit log, each move once", async () => {
    const tenant = await server.account();
    await create(tenant, { payout_destination_id: "PD1" });
    await move(tenant, "PD1", "ACTIVE");
    await move(tenant, "PD1", "ACTIVE");
    await move(tenant, "PD1", "ARCHIVED");
    const entries = await server.db.sql
      .selectFrom("audit_log")
      .select(["action", "actor", "entry"])
      .where("account_id", "=", tenant.aid)
      .where("subject_type", "=", "payout_destination")
      .orderBy("seq")
      .execute();
    expect(entries.map(({ action, actor }) => ({ action, actor }))).toEqual([
      { action: "payout_destination.create", actor: tenant.clientId },
      { action: "payout_destination.case_status", actor: tenant.clientId },
    ]);
    expect(JSON.parse(entries[1]?.entry ?? "")).toMatchObject({
      before: { case_status: "AUTOMATIC_REVIEW" },
      after: { case_status: "ACTIVE" },
    });
  });
});
