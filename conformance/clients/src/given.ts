declare const process: { env: Record<string, string | undefined> };

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** Which server and account the programs close a day at. */
export const baseUrl = given("TILLKEEPER_URL");
export const account = given("TILLKEEPER_ACCOUNT");
export const clientId = given("TILLKEEPER_CLIENT_ID");
export const clientSecret = given("TILLKEEPER_CLIENT_SECRET");
/** The serial number of a virtual terminal that does not exist yet. */
export const serialNumber = given("TILLKEEPER_SERIAL");
/** The store that the terminal is to stand in. */
export const storeId = given("TILLKEEPER_STORE");

export const basic = `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
/** The account at the address that its server has, which is not the address of a proxy in between. */
export const audience = given("TILLKEEPER_AUDIENCE");

export const pause = () => new Promise((resolve) => setTimeout(resolve, 200));
