import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { expect, it } from "vitest";

it("answers requests after a program of before has taken rights away that its list lacks", async () => {
  const server = await startTestServer();
  const tenant = await server.account("T66000009");
  const stores = `/v1/accounts/${tenant.aid}/stores`;
  await server.db.pool.query("revoke all on all tables in schema public from tillkeeper_tenant");
  const all = await Promise.all(
    ["S1", "S2", "S3"].map((storeId) => server.call("POST", stores, { ...tenant, body: { store_id: storeId } })),
  );
  expect(all.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect((await server.call("GET", stores, tenant)).body.stores).toHaveLength(3);
  await server.stop();
});
