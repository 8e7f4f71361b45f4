import swagger from "@fastify/swagger";
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

/** Collects the routes that are added later, and answers with the document of them. */
export async function collectOpenApi(app: FastifyInstance): Promise<() => object> {
  await app.register(swagger, { openapi: openApiDocument });
  return () => app.swagger();
}
