import { sandboxEndpoints } from "@tillkeeper/contract/http/sandbox";
import { send } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, describe, expect, it } from "vitest";
import { startSandbox } from "./support/sandbox.ts";
import { sandboxClient } from "./support/sandbox-client.ts";

const addresses = Object.values(sandboxEndpoints);
const bodyOf = (path: string) =>
  /purchases|refunds/.test(path) ? { amount: 1 } : /clock/.test(path) ? { rate: 2 } : {};

it("has none of the sandbox's addresses on a server that is no sandbox", async () => {
  const { server, tenant } = await world();
  expect(addresses.length).toBeGreaterThan(5);
  for (const { method, path } of addresses) {
    expect(path).toMatch(/^\/v1\/sandbox\//);
    const address = path.replace(":terminal_id", `${tenant.aid}-T0001`);
    const { status, body } = await send<{ error: { code: string } }>(server.url, method, address, {
      token: tenant.token,
      ...(method !== "GET" && { body: bodyOf(path) }),
    });
    expect([method, address, status, body.error.code]).toEqual([method, address, 404, "not_found"]);
  }
});

describe("a terminal of another account of the same sandbox", async () => {
  const bootstrapToken = "a-bootstrap-token-of-32-or-more-characters";
  const fleet = createVirtualFleet({ durationMs: { shortest: 1, longest: 3 } });
  const server = await startSandbox({ bootstrapToken }, fleet);
  afterAll(async () => {
    await server.stop();
    await fleet.stopAll();
  });

  it("is no terminal for any control, and stays as it was", async () => {
    const owner = await sandboxClient(server);
    const id = owner.terminalIds[0] ?? "";
    await owner.until(id);
    const { body: made } = await send<{ account_id: string; client: { client_id: string; client_secret: string } }>(
      server.httpUrl,
      "POST",
      "/v1/accounts",
      { token: bootstrapToken, body: { name: "Neighbour", account_id: "T10000009" } },
    );
    if (!server.sandbox) throw new Error("the server is no sandbox");
    const { client_id, client_secret } = made.client;
    const credentials = { ...server.sandbox, account_id: made.account_id, client_id, client_secret };
    const stranger = await sandboxClient({ ...server, sandbox: credentials });
    const controls = addresses.filter(({ path }) => path.includes(":terminal_id"));
    expect(controls.length).toBeGreaterThan(3);
    for (const { method, path } of controls) {
      const address = path.replace("/v1", "").replace(":terminal_id", id);
      const body = method === "GET" ? undefined : { ...bodyOf(path), ...(method === "PUT" && { fault: "failure" }) };
      expect([method, path, await stranger.call(method, address, body)]).toMatchObject([
        method,
        path,
        { status: 404, body: { error: { code: "terminal_not_found" } } },
      ]);
    }
    expect(await owner.run(id, "open_menu")).toMatchObject({ status: "COMPLETED" });
  });
});
