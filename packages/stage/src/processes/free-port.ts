import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Ports below the range of outgoing connections, since one of those could take the port a moment later. */
const range = { first: 10_000, last: 32_000 };

/** Finds a free port of 127.0.0.1, for a program that must be told where to listen. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(range.first, range.last);
    const probe = createServer();
    try {
      probe.listen(port, "127.0.0.1");
      await once(probe, "listening");
    } catch {
      continue;
    }
    probe.close();
    await once(probe, "close");
    return port;
  }
}
