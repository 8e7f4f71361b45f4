import type { Sandbox } from "@tillkeeper/sandbox";
import type { BrowserContext } from "playwright-core";

/** Has a browser's requests carry what the server knows the caller by. */
export async function signInto(context: BrowserContext, sandbox: Sandbox): Promise<void> {
  const { access_token: token } = await sandbox.client.token();
  const session = {
    user: { id: "u1", name: "Kari Nordmann", email: "kari@example.com", language: null },
    accounts: [
      {
        account_id: sandbox.accountId,
        name: "Example AS",
        role: "operations",
        scopes: ["admin:checkout", "admin:accounts"],
      },
    ],
  };
  await context.route("**/v1/session", (route) => route.fulfill({ json: session }));
  await context.route("**/v1/accounts/**", (route) =>
    route.continue({ headers: { ...route.request().headers(), authorization: `Bearer ${token}` } }),
  );
}
