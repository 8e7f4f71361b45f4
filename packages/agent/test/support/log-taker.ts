import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { Transfer } from "@tillkeeper/contract/mqtt/messages";
import { onTestFinished } from "vitest";

interface Taken {
  authorization: string | undefined;
  digest: string | undefined;
  type: string | undefined;
  /** The log, decompressed. */
  text: string;
}

/** The reaction to an upload: a status, closing the connection, no answer, or not reading it. */
type Reaction = number | "hang up" | "silence" | "deafness" | "storage_full";

export interface LogTaker {
  transfer: Transfer;
  taken: Taken[];
}

const storageFull = JSON.stringify({ error: { code: "storage_full", message: "The server has no room…", errors: [] } });
const replaced = JSON.stringify({ error: { code: "upload_replaced", message: "A newer upload…", errors: [] } });

function answerTo(body: Buffer): string {
  const sha256 = createHash("sha256").update(body).digest("hex");
  const log = { log_id: "019a0000-0000-7000-8000-000000000001", size: body.length, sha256, masked_count: 0 };
  return JSON.stringify(log);
}

/**
 * A server that receives logs: it reacts to the first uploads as the test says, and takes all later ones. Ends with the
 * test.
 */
export async function takeLogs(reactions: Reaction[] = []): Promise<LogTaker> {
  const taken: Taken[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    if (reactions[0] === "deafness") {
      reactions.shift();
      return;
    }
    void (async () => {
      const body = Buffer.concat(await request.toArray());
      const { authorization, "content-type": type } = request.headers;
      taken.push({
        authorization,
        type,
        digest: String(request.headers["content-digest"]),
        text: gunzipSync(body).toString(),
      });
      const reaction = reactions.shift() ?? 201;
      if (reaction === "silence" || reaction === "deafness") return;
      if (reaction === "storage_full") response.writeHead(503).end(storageFull);
      else if (reaction === "hang up") request.socket.destroy();
      else
        response
          .writeHead(reaction, { "content-type": "application/json" })
          .end(reaction === 409 ? replaced : answerTo(body));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const expires_at = new Date(Date.now() + 600_000).toISOString();
  return { taken, transfer: { url: `http://127.0.0.1:${port}/logs`, token: "t.o.ken", expires_at } };
}
