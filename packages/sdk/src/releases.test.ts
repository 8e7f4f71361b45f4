import { expect, test } from "vitest";
import { answeringServer, credentials, isTokenRequest, withTokens } from "../test/support/answering-server.ts";
import { createClient } from "./client.ts";

const base = "/v1/accounts/T12345678";

test("releases, their keys and configurations are asked for where they are", async () => {
  const server = await answeringServer(withTokens(() => ({ body: { release_keys: [] } })));
  const { releases, releaseKeys, configurations } = createClient({ url: server.url, ...credentials });
  await releases.get("r 1");
  await releases.list({ device_model: "M1", status: "draft" });
  await releases.withdraw("r1");
  expect(await releaseKeys.list()).toEqual([]);
  await releaseKeys.revoke("k1");
  await configurations.create({ content: {} });
  await configurations.get("3");
  await configurations.list({ store_id: "S1", limit: 2 });
  await configurations.withdraw("3");
  await configurations.ofTerminal("T1");
  const calls = server.received.filter((request) => !isTokenRequest(request));
  expect(calls.map(({ method, url }) => `${method} ${url.slice(base.length)}`)).toEqual([
    "GET /releases/r%201",
    "GET /releases?device_model=M1&status=draft",
    "DELETE /releases/r1",
    "GET /release-keys",
    "DELETE /release-keys/k1",
    "POST /configurations",
    "GET /configurations/3",
    "GET /configurations?store_id=S1&limit=2",
    "DELETE /configurations/3",
    "GET /terminals/T1/configuration",
  ]);
});

test("a file goes out as it is, also a second time when the token is refused", async () => {
  const server = await answeringServer(
    withTokens(({ headers }) =>
      headers.authorization === "Bearer token-1" ? { status: 401 } : { body: { status: "available" } },
    ),
  );
  const { releases } = createClient({ url: server.url, ...credentials });
  expect(await releases.upload("r1", new Blob(['{"a":1}']))).toEqual({ status: "available" });
  const sent = server.received.filter(({ method }) => method === "PUT");
  const once = { url: `${base}/releases/r1/file`, body: { a: 1 } };
  expect(sent.map(({ url, body }) => ({ url, body }))).toEqual([once, once]);
  expect(sent[1]?.headers).toMatchObject({ "content-type": "application/octet-stream", "content-length": "7" });
});
