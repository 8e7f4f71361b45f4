import { folderOfTests } from "@tillkeeper/stage/folders";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../server/test/support/browser.ts";
import { acceptInvitation, openConsole } from "../support/session.ts";

describe("a server that is restarted in the middle of a close", () => {
  const fleet = createVirtualFleet({ folder: folderOfTests("console") });
  let browser: Browser;
  let server: TestServer;
  beforeAll(async () => {
    // The same port after the restart, as a server has that people know by its address.
    const http = { host: "127.0.0.1", port: { number: await freePort(), configured: true } };
    const starting = startTestServer({ virtualTerminalHost: fleet, config: { http } });
    [browser, server] = await Promise.all([launchBrowser(), starting]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await fleet.stopAll();
  });

  it("is missed, and what happened meanwhile is shown when it is back", async () => {
    const tenant = await server.account();
    const stores = `/v1/accounts/${tenant.aid}/stores`;
    await server.call("POST", stores, { ...tenant, body: { store_id: "S312", store_name: "Bergen" } });
    // The second one has no network, as nothing runs it.
    for (const serial of [`SIMULATED-${tenant.aid}-001`, "123456789012"])
      await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, {
        ...tenant,
        body: { device_serial_number: serial, store_id: "S312" },
      });
    const store = (await server.call("GET", `${stores}/S312`, tenant)).body;
    const users = `/v1/accounts/${tenant.aid}/users`;
    const body = { email: "kari@kiosk.example", name: "Kari Nordmann", role: "operations" };
    const user = (await server.call("POST", users, { ...tenant, body })).body;
    const invitation = { ...tenant, body: { purpose: "invitation" } };
    const { link } = (await server.call("POST", `${users}/${user.id}/links`, invitation)).body;
    const visitor = await acceptInvitation(browser, link);
    const { page, context } = await openConsole(browser, visitor, `/${tenant.aid}/stores/${store.id}/today`);
    await page.getByRole("button", { name: "Close the day" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Close the day" }).click();
    const first = page.getByRole("listitem").filter({ hasText: "Terminal 1" });
    await first.getByText("Closed").waitFor();

    await server.restart();
    await page.getByText("The connection to the server is lost.").waitFor();
    // What was known stays readable.
    await first.getByText("Closed").waitFor();
    await expect.poll(() => page.getByText("The connection to the server is lost.").count()).toBe(0);
    await server.call("POST", `${stores}/S312/suspend`, tenant);
    await page.getByText("This store is suspended").waitFor();
    await context.close();
  });
});
