import type { AddressInfo, Server } from "node:net";
import { StartupError } from "./startup-error.ts";

/**
 * A port to listen on. A configured port is fixed; a default that is taken is replaced by the next free one. 0 takes
 * any free one.
 */
export interface Port {
  number: number;
  configured: boolean;
}

const mostSteps = 100;
/**
 * Longest queue of connections to accept, if the system allows so many; the system resets some of the connections
 * beyond it.
 */
const backlog = 4_096;

/**
 * Listens, and returns the port. When the default port is taken, tries the ports after it. Throws `StartupError`, which
 * names the setting, when a configured port is taken.
 */
export async function listen(server: Server, host: string, port: Port, setting: string): Promise<number> {
  for (let number = port.number; ; number += 1) {
    try {
      await listenOnce(server, host, number);
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EADDRINUSE" && !port.configured && number < port.number + mostSteps) continue;
      throw new StartupError(`${explain(code, host, number)}; set ${setting} to another one.`, { cause: error });
    }
  }
}

function explain(code: string | undefined, host: string, number: number): string {
  if (code === "EADDRINUSE") return `Port ${number} on ${host} is in use by another program`;
  if (code === "EACCES") return `Port ${number} on ${host} needs rights that this user has not`;
  return `Cannot listen on ${host}, port ${number} (${code})`;
}

function listenOnce(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
