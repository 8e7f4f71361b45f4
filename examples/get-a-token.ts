// Requests a token, and shows its lifetime. All other calls of the client request and renew their token by themselves.
import { fromSandbox } from "@tillkeeper/sdk/node";

const client = fromSandbox();

const { expires_in: seconds, token_type: type } = await client.token();
console.log(`${type} token for ${seconds} seconds`);
