// Gets a token, and shows how long it lives. Every other call gets one by itself, and renews it in time.
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
