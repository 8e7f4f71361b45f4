// Requests a token, and shows its lifetime. All other calls of the client request and renew their token by themselves.
import { createClient } from "@tillkeeper/sdk";

const env = (name: string) => process.env[`TILLKEEPER_${name}`] ?? "";
const client = createClient({
  url: env("URL"),
  accountId: env("ACCOUNT"),
  clientId: env("CLIENT_ID"),
  clientSecret: env("CLIENT_SECRET"),
});

const { expires_in: seconds, token_type: type } = await client.token();
console.log(`${type} token for ${seconds} seconds`);
