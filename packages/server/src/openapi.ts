import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";

/** The fixed part of the OpenAPI document; paths and schemas come from the routes. */
const openApiDocument = {
  openapi: "3.1.0",
  info: {
    title: "Tillkeeper",
    version: "0.1.0",
    description:
      "Stores, payment terminals and remote terminal operations. Fields, states and scopes follow the public documentation of " +
      "the API this server is compatible with; what goes beyond is optional or additional.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  servers: [{ url: "/", description: "This server." }],
  components: {
    securitySchemes: { bearer: { type: "http" as const, scheme: "bearer", bearerFormat: "JWT" } },
  },
  security: [{ bearer: [] }],
};

interface Served {
  type: string;
  bytes(): Buffer;
}

/**
 * Serves the OpenAPI document, and the reference page that shows it. Routes that are added later are in it. The document is
 * large and needs no token, so the server writes it out once, and all answers share the bytes.
 */
export async function addReferencePage(app: FastifyInstance): Promise<void> {
  await app.register(swagger, { openapi: openApiDocument });
  const json = { type: "application/json; charset=utf-8", bytes: once(() => JSON.stringify(app.swagger())) };
  const yaml = { type: "application/x-yaml", bytes: once(() => app.swagger({ yaml: true })) };
  const ofPath: Partial<Record<string, Served>> = { "/docs/json": json, "/docs/yaml": yaml };
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    uiHooks: {
      preHandler(request, reply, done) {
        const served = ofPath[request.routeOptions.url ?? ""];
        if (served) void reply.type(served.type).send(served.bytes());
        else done();
      },
    },
  });
  app.get("/openapi.json", { schema: { hide: true } }, (_request, reply) => reply.type(json.type).send(json.bytes()));
}

function once(write: () => string): () => Buffer {
  let bytes: Buffer | undefined;
  return () => (bytes ??= Buffer.from(write()));
}
