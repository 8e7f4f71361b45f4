// @module-tag nightly: broken servers are attacked; CI attacks the real one.

import { appendFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asMarkdown, isClean, shallow } from "../src/report.ts";
import { runHostile } from "../src/run.ts";
import { openStage, type Stage } from "../src/stage.ts";
import { renewTransfer, transferKinds } from "../src/transfers.ts";
import { openWorld } from "../src/world.ts";

const settings = { seed: 7, minutes: 30, concurrency: 4, signal: new AbortController().signal };

describe("hostile requests", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  }, 300_000);
  afterAll(async () => {
    await stage.stop();
    stage.remove();
  });

  it("find every fault that is planted before the server", async () => {
    const proxy = await startFaultyProxy(stage);
    try {
      const planted = { ...stage, url: proxy.url, stop: async () => {} };
      const report = await runHostile({ ...settings, stage: planted, routes: "stores", requestsPerRoute: 100 });
      const failures = report.failures.map(({ route, what }) => `${route}: ${what}`).join("\n");
      expect(failures).toMatch(/stores_get: a fault of the server: 500/);
      expect(failures).toMatch(/stores_sid_get: bodies differ: .*nothing here.*another account/);
      expect(failures).toMatch(/closings_preview_get: the answer shows the number of a card/);
      expect(failures).toMatch(/stores_sid_put: the header x-content-type-options is missing/);
      expect(failures).toMatch(/stores_sid_delete: the answer shows the client's token/);
      expect(failures).toMatch(/configuration_get: the answer is not as the document has it/);
      expect(failures).toMatch(/log: the log shows the .*: planted \(secret\)/);
      expect(shallow(report).join()).toMatch(/stores_post: only \d+ % of its requests get past validation/);
      expect(isClean(report)).toBe(false);
      const printed = asMarkdown(report);
      expect(printed).toMatch(
        /curl --path-as-is -i -X GET .*\(?http:\/\/127\.0\.0\.1:\d+\/v1\/accounts\/T7\d{7}\/stores/,
      );
      expect(printed).toContain("seed 7");
      expect(printed).toContain("The server fails.");
    } finally {
      proxy.server.close();
      proxy.server.closeAllConnections();
    }
  }, 600_000);

  it("come with transfers that are renewed whenever it is wanted", async () => {
    const world = await openWorld(stage);
    for (const kind of transferKinds) {
      const former = world.waiting[kind].transfer;
      const transfer = await renewTransfer(stage, world, kind);
      expect(transfer.operationId).not.toBe(former.operationId);
      world.waiting[kind] = { ...world.waiting[kind], transfer };
      world.waiting[kind].transfer = await renewTransfer(stage, world, kind);
      expect(world.waiting[kind].transfer.operationId).not.toBe(transfer.operationId);
    }
    const { operationId, token } = world.waiting.check_update.transfer;
    const path = `/v1/device/operations/${operationId}/update?software_version=1.0.0`;
    const answer = await fetch(`${stage.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
  }, 600_000);

  it("find nothing in the server itself", async () => {
    const report = await runHostile({
      ...settings,
      stage,
      routes: "",
      requestsPerRoute: 10,
    });
    const found = report.failures.filter(({ what }) => !what.includes("planted"));
    expect(found.map(({ route, what, curl }) => [route, what, ...curl].join("\n"))).toEqual([]);
    expect(shallow(report)).toEqual([]);
    expect([...report.routes.values()].every(({ requests }) => requests >= 10)).toBe(true);
    expect(report.secrets).toBeGreaterThan(20);
  }, 600_000);
});

/** Starts a proxy that adds a fault of each kind to the answers, each on a route of its own. */
async function startFaultyProxy(stage: Stage): Promise<{ url: string; server: Server }> {
  const server = createServer((incoming, outgoing) => {
    const { method, url: path = "" } = incoming;
    // The answers must be uncompressed, because the proxy edits their text.
    const headers = { ...incoming.headers, "accept-encoding": "identity" };
    const { hostname, port } = new URL(stage.url);
    const onwards = request({ hostname, port, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () =>
        answerWithFault(stage, incoming, { answer, text: Buffer.concat(chunks).toString() }, outgoing),
      );
    });
    onwards.on("error", () => outgoing.destroy());
    incoming.pipe(onwards);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

interface ServerAnswer {
  answer: IncomingMessage;
  text: string;
}

function answerWithFault(
  stage: Stage,
  { method, url = "", headers: sent }: IncomingMessage,
  { answer, text }: ServerAnswer,
  to: ServerResponse,
) {
  const headers: Record<string, string | string[] | undefined> = { ...answer.headers };
  delete headers["content-length"];
  let status = answer.statusCode ?? 0;
  let body = text;
  const store = /\/stores\/[^/?]+$/.test(url.split("?")[0] as string);
  if (method === "GET" && /\/stores\?.*limit/.test(url)) status = 500;
  if (method === "GET" && store && url.includes("far"))
    body = text.replace("There is no such", "There is nothing here, but in another account, no");
  if (method === "GET" && url.includes("/closings/preview")) headers["x-debug"] = "4111111111111111";
  if (method === "PUT" && store) delete headers["x-content-type-options"];
  if (method === "DELETE" && store && sent.authorization) headers["x-debug"] = sent.authorization;
  if (method === "GET" && url.endsWith("/configuration") && status === 200) body = '{"auto_end_of_day":7}';
  if (
    method === "POST" &&
    url.endsWith("/stores") &&
    sent["user-agent"] === undefined &&
    !text.includes("own-") &&
    !text.includes("far-")
  )
    status = 400;
  if (method === "PATCH") appendFileSync(stage.logFile, `planted ${sent.authorization?.slice(7)}\n`);
  to.writeHead(status, headers as Record<string, string>).end(body);
}
