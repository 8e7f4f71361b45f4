import { basic } from "@tillkeeper/stage/accounts/tokens";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

/**
 * The requests of public clients of the documented API, written anew from what their sources send. Each has to work with
 * another base address and nothing else.
 */
describe("the requests of public clients", async () => {
  const { server, tenant, aid } = await world();
  const base = server.url;
  const account = `${base}/v1/accounts/${aid}`;
  const authorization = basic(tenant.clientId, tenant.secret);
  const json = { "content-type": "application/json" };

  const tokenOf = async (body: Record<string, unknown>, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${account}/auth/token`, {
      method: "POST",
      headers: { authorization, ...json, ...headers },
      body: JSON.stringify({ grant_type: "client_credentials", ...body }),
    });
    expect(answer.status, JSON.stringify(body)).toBe(200);
    return ((await answer.json()) as { access_token: string }).access_token;
  };

  it.each<[string, Record<string, unknown>, Record<string, string>?]>([
    ["Dintero.Node.SDK", { audience: `https://${aid}@api.dintero.com/v1/accounts/${aid}` }],
    ["Dintero.Python.SDK", { audience: `https://api.dintero.com/v1/accounts/${aid}` }],
    ["WooCommerce 1 and 2, Magento 1 and 2: the base address that was given", { audience: account }],
    ["a base address with a slash at its end", { audience: `${base}/v1/accounts/${aid}/` }],
    ["OpenCart 2.3 and 3", { audience: account, type: "any", scope: ["regular", "receipts:write"] }],
    ["nopCommerce: the test host", { audience: `https://test.dintero.com/v1/accounts/${aid}` }],
    [
      "omnipay-dintero and basic-sdk-dintero: the checkout host",
      { audience: `https://checkout.dintero.com/v1/accounts/${aid}` },
    ],
    [
      "programs on .NET: a type with its charset",
      { audience: account },
      { "content-type": "application/json; charset=utf-8" },
    ],
  ])("a token: %s", async (_client, body, headers = {}) => {
    const token = await tokenOf(body, { accept: "application/json", ...headers });
    // Some set the JSON type on every request, also on a GET.
    const answer = await fetch(`${account}/stores`, { headers: { authorization: `Bearer ${token}`, ...json } });
    expect(answer.status).toBe(200);
  });

  it("a wrapper that sets the JSON type on every request: create, change what was read, suspend, resume, delete", async () => {
    const headers = { authorization: `Bearer ${tenant.token}`, ...json };
    const send = async (method: string, path: string, body?: unknown) => {
      const answer = await fetch(`${account}${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      expect(answer.status, `${method} ${path}`).toBeLessThan(300);
      return (await answer.json()) as Record<string, unknown>;
    };
    const { id } = await send("POST", "/stores", { store_id: "wrapped", store_name: "Before" });
    const shown = await send("GET", `/stores/${String(id)}`);
    const changed = await send("PUT", `/stores/${String(id)}`, { ...shown, store_name: "After" });
    expect(changed).toMatchObject({ store_id: "wrapped", store_name: "After" });
    await send("POST", `/stores/${String(id)}/suspend`);
    await send("POST", `/stores/${String(id)}/resume`);
    expect(await send("DELETE", `/stores/${String(id)}`)).toMatchObject({ status: "DELETED" });
  });

  it("Dintero.Node.SDK: a seller by the older route, and the list of sellers", async () => {
    const path = `${account}/management/settings/approvals/payout-destinations`;
    const headers = { authorization: `Bearer ${tenant.token}`, ...json };
    const made = await fetch(path, {
      method: "POST",
      headers,
      body: JSON.stringify({
        payout_destination_id: "seller-1",
        payout_destination_name: "Seller",
        organization_number: "974760673",
        country_code: "NO",
        bank_accounts: [
          {
            bank_account_number: "NO9386011117947",
            bank_account_number_type: "IBAN",
            bank_account_country_code: "NO",
            bank_account_currency: "NOK",
          },
        ],
        payout_reference: "PAYOUT",
        form_submitter: { email: "form@example.com", name: "Kari", title: "CEO" },
      }),
    });
    expect([made.status, await made.clone().text()]).toEqual([200, expect.stringContaining("seller-1")]);
    const listed = await fetch(path, { headers });
    expect([listed.status, await listed.text()]).toEqual([200, expect.stringContaining("seller-1")]);
  });

  it("the partner guide: a client of an operated account, its grant with the guide's scope, a new secret", async () => {
    const headers = { authorization: `Bearer ${tenant.token}`, ...json };
    const call = async (method: string, path: string, body?: unknown) => {
      const answer = await fetch(`${account}/auth${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, string> };
    };
    const { id = "" } = (await call("POST", "/clients", { name: "Partner" })).body;
    const grant = await call("POST", "/client-grants", { client_id: id, audience: account, scope: ["checkout:admin"] });
    expect(grant).toMatchObject({ status: 201, body: { scope: ["checkout:admin"] } });
    expect((await call("POST", `/clients/${id}/rotate-secret`)).body["client_secret"]).toMatch(/./);
    expect((await call("PATCH", `/clients/${id}`, { description: "of a partner" })).status).toBe(200);
    expect((await call("DELETE", `/client-grants/${grant.body["id"] ?? ""}`)).body).toMatchObject({
      scope: ["checkout:admin"],
    });
  });
});
