declare const process: { env: Record<string, string | undefined> };

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** The server and the account at which the programs close a day. */
export const baseUrl = given("TILLKEEPER_URL");
export const account = given("TILLKEEPER_ACCOUNT");
export const clientId = given("TILLKEEPER_CLIENT_ID");
export const clientSecret = given("TILLKEEPER_CLIENT_SECRET");
/** The serial number of a virtual terminal that does not exist yet. */
export const serialNumber = given("TILLKEEPER_SERIAL");
/** The id of the store for the terminal; the programs create it. */
export const storeId = given("TILLKEEPER_STORE");

export const basic = `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
/** The token's audience: it names the server's own address, not that of a proxy in between. */
export const audience = given("TILLKEEPER_AUDIENCE");

export const pause = () => new Promise((resolve) => setTimeout(resolve, 200));
