import { type Client, clientOver } from "@tillkeeper/sdk/client";
import { createTransport, type Transport } from "@tillkeeper/sdk/transport";
import type { Credentials } from "./profiles.ts";
import { asSentence } from "./refusals.ts";

/** A client, and the way to use it for a command. */
export interface OpenClient {
  client: Client;
  /** Sends the client's requests, and such as have no method. */
  transport: Transport;
  /** Does something with the client. Throws `StartupError`, with one sentence, for a refusal, and for a server that cannot be reached. */
  ask: <T>(work: (client: Client) => Promise<T>) => Promise<T>;
}

/** Opens a client for a command. It sends nothing again: the user waits for it, and is told at once what is wrong. */
export function openClient(credentials: Credentials): OpenClient {
  const transport = createTransport({ ...credentials, maxRetries: 0 });
  const client = clientOver(transport);
  return {
    client,
    transport,
    ask: async (work) => {
      try {
        return await work(client);
      } catch (error) {
        throw asSentence(error, credentials.url);
      }
    },
  };
}
