import { sandboxEndpoints } from "@tillkeeper/contract/http/sandbox";
import { send } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { expect, it } from "vitest";

it("has none of the sandbox's addresses on a server that is no sandbox, whoever asks", async () => {
  const { server, tenant } = await world();
  const addresses = Object.values(sandboxEndpoints);
  expect(addresses.length).toBeGreaterThan(5);
  for (const { method, path } of addresses) {
    expect(path).toMatch(/^\/v1\/sandbox\//);
    const address = path.replace(":terminal_id", `${tenant.aid}-T0001`);
    for (const token of [tenant.token, undefined]) {
      const { status, body } = await send<{ error: { code: string } }>(server.url, method, address, {
        ...(token !== undefined && { token }),
        ...(method !== "GET" && { body: {} }),
      });
      expect([address, status, body.error.code]).toEqual([address, 404, "not_found"]);
    }
  }
});
