import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { send } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { afterAll, describe, expect, it } from "vitest";
import type { Principals } from "../src/access/people/principals.ts";
import { requireAllBound } from "../src/assembly/all-bound.ts";
import { buildApp } from "../src/assembly/app.ts";
import type { Route } from "../src/platform/http/route.ts";
import { createLogger } from "../src/platform/log/log.ts";
import { startSandbox } from "./support/sandbox.ts";

const all = Object.values(endpoints).flatMap((rows): Endpoint[] => Object.values(rows));

describe("a sandbox", async () => {
  const secret = "a-secret-of-the-tests-for-endpoints-00";
  const mqtt = { ...testConfig.mqtt, brokerSecret: secret };
  const server = await startSandbox({ bootstrapToken: secret, mqtt });
  afterAll(() => server.stop());

  it("answers at every endpoint of the contract", async () => {
    const absent: string[] = [];
    for (const { id, method, path } of all) {
      const url = path.replaceAll(/:\w+/g, (name) => (name === ":broker_secret" ? secret : "T00000001"));
      const { body } = await send<{ error?: { code: string } } | undefined>(server.httpUrl, method, url, {
        token: secret,
      });
      if (["not_found", "method_not_allowed"].includes(body?.error?.code ?? "")) absent.push(id);
    }
    expect(absent).toEqual([]);
  });
});

describe("an app without routes", () => {
  it("has pages that are read, and no endpoint of the contract", async () => {
    const app = await buildApp({ log: createLogger("silent"), principals: {} as Principals, routes: [] });
    try {
      await app.ready();
      expect(all.filter(({ method, path: url }) => app.hasRoute({ method, url })).map(({ id }) => id)).toEqual([]);
      const methods = app.printRoutes({ commonPrefix: false }).matchAll(/\(([A-Z, ]+)\)/g);
      expect(new Set([...methods].flatMap(([, names = ""]) => names.split(", ")))).toEqual(new Set(["GET", "HEAD"]));
    } finally {
      await app.close();
    }
  });
});

describe("the routes of a server", () => {
  const routes = all.map((endpoint): Route => ({ endpoint, handle: () => undefined }));
  const { get, create } = endpoints.stores;

  it("are the endpoints of the contract, each once", () => {
    expect(() => requireAllBound(routes, { sandbox: true })).not.toThrow();
  });

  it("are without the controls of a sandbox on a server that is none", () => {
    const controls: readonly Endpoint[] = Object.values(endpoints.sandbox);
    const others = routes.filter(({ endpoint }) => !controls.includes(endpoint));
    expect(() => requireAllBound(others, { sandbox: false })).not.toThrow();
    expect(() => requireAllBound(others, { sandbox: true })).toThrow(endpoints.sandbox.reset.id);
    expect(() => requireAllBound(routes, { sandbox: false })).toThrow(endpoints.sandbox.reset.id);
  });

  it("are refused when an endpoint has no handler, or two", () => {
    expect(() =>
      requireAllBound(
        routes.filter(({ endpoint }) => endpoint !== get),
        { sandbox: true },
      ),
    ).toThrow(new RegExp(`: ${get.id}$`));
    const twice = [...routes, ...routes.filter(({ endpoint }) => endpoint === create)];
    expect(() => requireAllBound(twice, { sandbox: true })).toThrow(new RegExp(`: ${create.id}$`));
  });

  it("are refused when one is not in the contract", () => {
    const foreign = { ...get, id: "of_nobody" };
    expect(() =>
      requireAllBound([...routes, { endpoint: foreign, handle: () => undefined }], { sandbox: true }),
    ).toThrow(/: of_nobody$/);
  });
});
