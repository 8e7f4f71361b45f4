import type { AddressInfo, Server } from "node:net";
import { StartupError } from "./startup-error.ts";

/** A port that was asked for, or a default that may be stepped around. 0 takes any free one. */
export interface Port {
  number: number;
  configured: boolean;
}

const mostSteps = 100;
/** Connections that may wait to be accepted, if the system allows so many: some of what comes beyond them is reset. */
const backlog = 4_096;

/**
 * Listens and answers the port. A default that is taken is stepped around; a configured one that is taken is a
 * `StartupError` that names the setting.
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
