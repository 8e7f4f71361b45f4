import { request } from "node:http";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

interface Described {
  operationId: string;
  requestBody?: { required?: boolean; content: Record<string, unknown> };
}

const form = "application/x-www-form-urlencoded";
/** Empty bodies of HTTP clients; the first has no header about a body. */
const empties: Record<string, Record<string, string | number>> = {
  "without a body": {},
  "length 0": { "content-length": 0 },
  "JSON of length 0": { "content-type": "application/json", "content-length": 0 },
  "JSON with a charset, of length 0": { "content-type": "application/json; charset=utf-8", "content-length": 0 },
  "a form of length 0": { "content-type": form, "content-length": 0 },
  "text of length 0": { "content-type": "text/plain", "content-length": 0 },
  "a nonsense type, of length 0": { "content-type": "nonsense", "content-length": 0 },
  "no chunk": { "transfer-encoding": "chunked" },
  "no chunk of JSON": { "content-type": "application/json", "transfer-encoding": "chunked" },
  "no chunk of a form": { "content-type": form, "transfer-encoding": "chunked" },
};

describe("an empty body", async () => {
  const secret = "b".repeat(40);
  const mqtt = { port: { number: 0, configured: true }, outsideUrl: undefined, brokerSecret: secret };
  const { server, tenant, aid } = await world({ own: { config: { bootstrapToken: secret, mqtt } } });

  const send = (method: string, path: string, headers: Record<string, string | number>) =>
    new Promise<{
      status: number | undefined;
      error: { code: string; errors: { path: string; message: string }[] } | undefined;
      /** Of a token request's form, whose errors are those of RFC 6749. */
      description: string | undefined;
    }>((resolve, reject) => {
      const sent = request(`${server.url}${path}`, { method, agent: false, headers }, (response) => {
        let text = "";
        response.on("data", (part) => (text += part));
        response.once("end", () => {
          const json = /json/.test(response.headers["content-type"] ?? "") ? JSON.parse(text) : {};
          resolve({ status: response.statusCode, error: json.error, description: json.error_description });
        });
      });
      sent.once("error", reject);
      // Node announces no body for a method without one, unless the headers do.
      sent.removeHeader("content-length");
      for (const [name, value] of Object.entries(headers)) sent.setHeader(name, value);
      sent.end();
    });
  const exampleIds: Record<string, string> = { aid, oid: aid, broker_secret: secret };
  const unknownId = "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c";

  it("is no body on any route: never 415, and named where a body is required", async () => {
    const { paths } = (await server.call("GET", "/openapi.json")).body;
    const routes = Object.entries(paths as Record<string, Record<string, Described>>).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, described]) => (method === "get" ? [] : [{ path, method, described }])),
    );
    const bodyless: string[] = [];
    const required: string[] = [];
    // A server that is no sandbox does not know the sandbox's own.
    for (const { path, method, described } of routes.filter((one) => !one.path.startsWith("/v1/sandbox/"))) {
      const name = described.operationId;
      const types = Object.keys(described.requestBody?.content ?? {});
      const takesJson = types.includes("application/json");
      const needsForm = types.includes(form) && described.requestBody?.required === true;
      const url = path.replaceAll(/\{(\w+)\}/g, (_, id: string) => exampleIds[id] ?? unknownId);
      const opensWithSecret = path === "/v1/accounts" || path.startsWith("/v1/broker/");
      const authorization = `Bearer ${opensWithSecret ? secret : tenant.token}`;
      const ask = (how: string) => send(method.toUpperCase(), url, { authorization, ...empties[how] });
      const plain = await ask("without a body");
      for (const how of Object.keys(empties)) {
        const answer = await ask(how);
        const told = `${name}, ${how}`;
        expect(answer.status, told).not.toBe(415);
        // A form has no fields then.
        const fieldless = needsForm && empties[how]?.["content-type"] === form;
        if (fieldless) {
          const said = answer.description ?? answer.error?.errors[0]?.message;
          expect(said, told).toMatch(/is required$/);
        } else expect(answer, told).toEqual(plain);
      }
      if (takesJson && described.requestBody?.required === true) {
        required.push(name);
        expect(plain, name).toMatchObject({
          status: 400,
          error: { code: "invalid_request", errors: [{ path: "/body", message: "is required" }] },
        });
      } else if (types.length === 0) bodyless.push(name);
    }
    expect(bodyless).toEqual(expect.arrayContaining(["device_nonce_post", "terminal_credentials_post"]));
    expect(required).toEqual(expect.arrayContaining(["device_pair_post", "get_token"]));
    expect(required.filter((name) => /pairing_codes_post|closings_post/.test(name))).toEqual([]);
  });

  it("is an empty object where every field is optional, and a body that follows late is read", async () => {
    const body = { device_serial_number: "EMPTY-1", store_id: "S312" };
    await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S312" } });
    const terminals = `/v1/accounts/${aid}/terminals`;
    const { terminal_id: id } = (await server.call("POST", terminals, { ...tenant, body })).body;
    const authorization = `Bearer ${tenant.token}`;
    for (const how of Object.keys(empties)) {
      const answer = await send("POST", `${terminals}/${id}/pairing-codes`, { authorization, ...empties[how] });
      expect(answer.status, how).toBe(201);
    }
    const late = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization, "content-type": "application/json", "transfer-encoding": "chunked" };
      const sent = request(`${server.url}/v1/accounts/${aid}/stores`, { method: "POST", agent: false, headers });
      sent.once("response", (response) => resolve(response.resume().statusCode)).once("error", reject);
      sent.flushHeaders();
      sent.write('{"store', () => sent.end('_id":"LATE"}'));
    });
    expect(late).toBe(201);
    expect((await server.call("GET", `/v1/accounts/${aid}/stores/LATE`, tenant)).status).toBe(200);
  });
});
