import { connect } from "node:net";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

describe("addresses", async () => {
  const secret = "c".repeat(40);
  const { server, tenant, aid } = await world();
  const stores = `/v1/accounts/${aid}/stores`;
  const operations = "/v1/admin/terminals/operations";
  await server.call("POST", stores, { ...tenant, body: { store_id: "S1" } });

  it("with a slash too many, or without /v1, are answered with the right one, and nothing is done", async () => {
    for (const [method, path, meant] of [
      ["GET", `${stores}/`, stores],
      ["POST", `${stores}/`, stores],
      ["GET", `${stores}/S1/`, `${stores}/S1`],
      ["PUT", `${stores}/S1/`, `${stores}/S1`],
      ["DELETE", `${stores}//S1`, `${stores}/S1`],
      ["POST", `${stores}/S1/suspend/`, `${stores}/S1/suspend`],
      ["GET", `/${stores}`, stores],
      ["POST", stores.slice(3), stores],
      ["GET", "/admin/terminals/operations", operations],
      ["POST", "/admin/terminals/operations/?x=1", operations],
      ["GET", `/api${stores}`, stores],
      ["GET", `/v1${stores}`, stores],
      ["POST", `/accounts/${aid}/auth/token`, `/v1/accounts/${aid}/auth/token`],
      ["POST", "/v1/device/nonce/", "/v1/device/nonce"],
      ["GET", "/health/live/", "/health/live"],
      ["GET", "/docs/guides/", "/docs/guides"],
    ] as const) {
      const body = method === "GET" || method === "DELETE" ? {} : { body: { store_id: "SLIP" } };
      const { status, headers, body: answer } = await server.call(method, path, { ...tenant, ...body });
      expect({ method, path, status, location: headers.get("location") }).toEqual({
        method,
        path,
        status: 404,
        location: null,
      });
      expect(answer.error).toMatchObject({
        code: "not_found",
        message: expect.stringContaining(`did you mean ${meant}?`),
      });
    }
    expect((await server.call("GET", `${stores}/SLIP`, tenant)).status).toBe(404);
    expect((await server.call("GET", `${stores}/S1`, tenant)).body.status).toBe("ACTIVE");
  });

  it("of nothing say where all addresses are, and tell nothing of those that are hidden", async () => {
    const messages = new Set<string>();
    for (const path of [
      "/nothing",
      "/v1",
      "/v2/accounts",
      `/v1/broker/${secret}/rabbitmq/user`,
      `/v1/broker/${secret}/rabbitmq/user/`,
      `/broker/${secret}/rabbitmq/user`,
      "/docs/sandbox",
      "/docs/sandbox/",
      `/${"x".repeat(3000)}`,
      `${stores}/${"x".repeat(400)}`,
    ]) {
      const { status, headers, body } = await server.call("POST", path, { ...tenant, body: "{" });
      expect({ path, status, allow: headers.get("allow") }).toEqual({ path, status: 404, allow: null });
      messages.add(body.error.message);
    }
    expect([...messages]).toEqual(["There is nothing at this address; the reference at /docs lists all addresses."]);
  });

  it("work in every form that HTTP/1.1 has", async () => {
    const { host, port } = new URL(server.url);
    const authorization = `Authorization: Bearer ${tenant.token}\r\n`;
    const end = `Host: ${host}\r\nConnection: close\r\n${authorization}`;
    const json = `${end}Content-Type: application/json\r\n`;
    const body = '{"store_id":"S1"}';
    const raw = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), "127.0.0.1", () => socket.write(text));
        let answer = "";
        socket.on("data", (chunk) => (answer += chunk.toString()));
        socket.once("error", reject).once("close", () => resolve(answer));
      });
    for (const [form, text, first] of [
      ["HEAD", `HEAD ${stores} HTTP/1.1\r\n${end}\r\n`, /^HTTP\/1.1 200[^]*\r\n\r\n$/],
      [
        "absolute form (RFC 9112 section 3.2.2)",
        `GET http://${host}${stores} HTTP/1.1\r\n${end}\r\n`,
        /^HTTP\/1.1 200/,
      ],
      ["absolute form of another server", `PUT http://a.example${stores} HTTP/1.1\r\n${end}\r\n`, /^HTTP\/1.1 405/],
      ["asterisk form but with OPTIONS", `GET * HTTP/1.1\r\n${end}\r\n`, /^HTTP\/1.1 400/],
      [
        "chunks with an extension and a trailer",
        `POST ${stores} HTTP/1.1\r\n${json}Transfer-Encoding: chunked\r\n\r\n11;a=1\r\n${body}\r\n0\r\nX-A: b\r\n\r\n`,
        /^HTTP\/1.1 409/,
      ],
      [
        "Expect",
        `POST ${stores} HTTP/1.1\r\n${json}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 409/,
      ],
      [
        "a transfer coding that nobody knows",
        `POST ${stores} HTTP/1.1\r\n${json}Transfer-Encoding: gzip, chunked\r\n\r\n11\r\n${body}\r\n0\r\n\r\n`,
        /^HTTP\/1.1 415/,
      ],
      ["empty lines before it", `\r\n\r\nGET ${stores} HTTP/1.1\r\n${end}\r\n`, /^HTTP\/1.1 200/],
    ] as const) {
      expect(await raw(text), form).toMatch(first);
    }
  });
});
