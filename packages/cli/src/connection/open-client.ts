import { type Client, createClient } from "@tillkeeper/sdk";
import type { Credentials } from "./profiles.ts";
import { asSentence } from "./refusals.ts";

/** A client, and the way to use it for a command. */
export interface OpenClient {
  client: Client;
  /** Does something with the client. Throws `StartupError`, with one sentence, for a refusal, and for a server that cannot be reached. */
  ask: <T>(work: (client: Client) => Promise<T>) => Promise<T>;
}

/** Opens a client for a command. It sends nothing again: the user waits for it, and is told at once what is wrong. */
export function openClient(credentials: Credentials): OpenClient {
  const client = createClient({ ...credentials, maxRetries: 0 });
  return {
    client,
    ask: async (work) => {
      try {
        return await work(client);
      } catch (error) {
        throw asSentence(error, credentials.url);
      }
    },
  };
}
