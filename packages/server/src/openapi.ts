import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { namedSchemas } from "@tillkeeper/contract/http/schemas";
import type { FastifyInstance } from "fastify";
import { openApiDocument } from "./reference/open-api/document.ts";

interface Served {
  type: string;
  bytes(): Buffer;
}

/**
 * Serves the OpenAPI document, and the reference page that shows it. The document is large and
 * needs no token, so the server writes it out once, and all answers share the bytes.
 */
export async function addReferencePage(app: FastifyInstance): Promise<void> {
  const document = openApiDocument(endpoints, namedSchemas);
  // The plugin knows OpenAPI 3.0 only.
  await app.register(swagger, { mode: "static", specification: { document: document as never } });
  const json = { type: "application/json; charset=utf-8", bytes: once(() => JSON.stringify(document)) };
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
