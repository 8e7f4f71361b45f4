import { createClient, TillkeeperError } from "@tillkeeper/sdk";
import { endpointTable } from "@tillkeeper/sdk/endpoint-table";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";

type Method = (...args: unknown[]) => Promise<unknown>;

const nobody = "019a0000-0000-7000-8000-000000000000";
const rows = Object.entries(endpointTable).flatMap(([noun, named]) =>
  Object.entries(named).map(([name, row]) => ({ title: `${noun}.${name}`, noun, name, row })),
);

describe("the client's methods", async () => {
  const { server, tenant } = await world();
  let client: Record<string, Record<string, Method>>;
  beforeAll(async () => {
    const { aid: accountId, clientId, secret: clientSecret } = tenant;
    client = createClient({ url: server.url, accountId, clientId, clientSecret, maxRetries: 0 }) as never;
  });

  /** Calls the row's method with made-up arguments; `undefined` when the server accepts the request. */
  async function refusal(
    { noun, name, row }: (typeof rows)[number],
    query: object,
  ): Promise<TillkeeperError | undefined> {
    const ids = row.path.split("/").filter((part) => part.startsWith(":") && part !== ":aid" && part !== ":oid");
    const content = [...(row.body ? [{}] : []), ...(row.upload ? [new Blob(["x"])] : [])];
    const args = [...ids.map(() => nobody), ...content, ...(row.query ? [query] : [])];
    try {
      await client[noun]?.[name]?.(...args);
      return undefined;
    } catch (error) {
      if (error instanceof TillkeeperError) return error;
      throw error;
    }
  }

  // A server that is no sandbox does not know the sandbox's own: docs/sdk.md, which a test runs, calls them.
  it.for(rows.filter(({ noun }) => noun !== "sandbox"))("$title is a route of the server", async (each) => {
    const error = await refusal(each, {});
    expect(error?.code).not.toBeOneOf(["not_found", "method_not_allowed", "http_error"]);
    expect(error?.status ?? 200).toBeOneOf([200, 400, 403, 404, 409, 422]);
  });

  it.for(rows.filter(({ noun, row }) => noun !== "sandbox" && row.query))(
    "$title takes its query to the server",
    async (each) => {
      expect(await refusal(each, { no_such: 1 })).toMatchObject({
        status: 400,
        code: "invalid_request",
        errors: [{ path: "/query/no_such" }],
      });
    },
  );

  it("are all routes that take a token, but for those that name no account and are there a second time with one", async () => {
    const { body } = await server.call("GET", "/openapi.json");
    const guarded = Object.entries<Record<string, { security: object[] }>>(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { security }]) => security.some((one) => "bearer" in one) && !path.startsWith("/v1/admin/"))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    const called = rows.map(({ row: { method, path } }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(called.toSorted()).toEqual(guarded.toSorted());
  });
});
