import { execFile } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { Program } from "@tillkeeper/stage/processes/program";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cli, makeScratch, readSandboxFile, type SandboxFile, startCli } from "../support/cli.ts";

const run = promisify(execFile);
const source = fileURLToPath(new URL("../../../../conformance/clients", import.meta.url));
const folder = folderOfTests("clients");
const place = makeScratch();
let cli: Cli;
let sandbox: SandboxFile;
let document: Document;

interface Document {
  paths: Record<string, Record<string, object>>;
}

function npm(...args: string[]) {
  return run("npm", args, { cwd: folder, maxBuffer: 1e8 });
}

beforeAll(async () => {
  cli = startCli(["sandbox"], { ...place.env, TILLKEEPER_AUDIENCE_HOSTS: "tillkeeper:8080" });
  await cli.until(/Ctrl-C ends it\.\n/);
  sandbox = readSandboxFile(place);
  cpSync(source, folder, { recursive: true, filter: (path) => !/node_modules|generated|compiled/.test(path) });
  document = (await (await fetch(`${sandbox.http_url}/openapi.json`)).json()) as Document;
  writeFileSync(join(folder, "openapi.json"), JSON.stringify(document));
  await npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
});

afterAll(async () => {
  await cli.stop();
  place.remove();
});

/** Runs a program of the folder against a server, and returns its output. */
async function perform(program: string, { url, number }: { url: string; number: string }) {
  const env = {
    PATH: process.env["PATH"],
    TILLKEEPER_URL: url,
    TILLKEEPER_AUDIENCE: `${sandbox.http_url}/v1/accounts/${sandbox.account_id}`,
    TILLKEEPER_ACCOUNT: sandbox.account_id,
    TILLKEEPER_CLIENT_ID: sandbox.client_id,
    TILLKEEPER_CLIENT_SECRET: sandbox.client_secret,
    TILLKEEPER_SERIAL: `SIMULATED-${sandbox.account_id}-${number}`,
    TILLKEEPER_STORE: `others-${number}`,
  };
  const { stdout } = await run(process.execPath, [join(folder, "compiled/src", program)], { env });
  return JSON.parse(stdout);
}

describe("clients that others make from the OpenAPI document", () => {
  beforeAll(async () => {
    await npm("run", "generate");
    await npm("run", "compile");
  });

  it.each([
    ["with-openapi-fetch.js", "101"],
    ["with-hey-api.js", "102"],
    ["with-swagger-typescript-api.js", "105"],
    // Holds each answer against the document as well; it did not load while the document had constants.
    ["with-zod-client.js", "106"],
  ])("compile, and close a day: %s", async (program, number) => {
    const closed = await perform(program, { url: sandbox.http_url, number });
    expect(closed).toEqual({ batch_id: expect.stringMatching(/./), outcome: "accepted" });
  });
});

/** A description of `/health/live` that no server of ours fulfils. */
const falseAnswer = {
  security: [],
  responses: {
    "200": {
      description: "No",
      content: { "application/json": { schema: { type: "object", required: ["nowhere"] } } },
    },
  },
};

describe("public clients that make the audience from the base address they were given", () => {
  it.each(["http://tillkeeper:8080", "https://api.dintero.com"])(
    "%s: the setting adds the name of a service, and takes no documented host away",
    async (host) => {
      const headers = { authorization: `Bearer ${await token(host)}` };
      const answer = await fetch(`${sandbox.http_url}/v1/accounts/${sandbox.account_id}/stores`, { headers });
      expect(answer.status).toBe(200);
    },
  );
});

describe("Prism, which lets through what the document describes", () => {
  let proxy: string;
  let prism: Program;
  beforeAll(async () => {
    // One sentence of the document is made wrong, to see that Prism finds it.
    const wrong = structuredClone(document);
    wrong.paths["/health/live"]!["get"] = falseAnswer;
    writeFileSync(join(folder, "with-one-fault.json"), JSON.stringify(wrong));
    const command = [
      "node_modules/@stoplight/prism-cli/dist/index.js",
      "proxy",
      "with-one-fault.json",
      sandbox.http_url,
    ];
    prism = new Program([process.execPath, ...command, "--errors", "--port", "0", "--host", "127.0.0.1"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    [, proxy = ""] = await prism.prints(/listening on (http:\S+)/);
  });
  afterAll(async () => void (await prism.end("SIGTERM")));

  it("lets a whole close of the day through, in both directions", async () => {
    const closed = await perform("with-hey-api.js", { url: proxy, number: "103" });
    expect(closed.outcome).toBe("accepted");
  });

  it("lets every route for clients through, with the server's refusals, in both directions", async () => {
    const { called, violations } = await perform("tour.js", { url: proxy, number: "104" });
    expect(violations).toEqual([]);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // Devices and brokers have programs of their own; links in mails, and tokens that a front end gets and ends, are for people; the bootstrap
    // token is not for clients; health is the wrong sentence.
    const forOthers =
      /^\S+ (\/v1\/(device|broker|closing-mails|auth)\/|\/v1\/accounts\/[^/]+\/auth\/(authorization|revoke)$|\/v1\/session$|\/v1\/accounts$|\/v1\/accounts\/[^/]+\/users|\/health\/)/;
    expect(called).toEqual(described.filter((route) => !forOthers.test(route)).sort());
  });

  it("finds an answer that is not as the document says", async () => {
    const answer = await fetch(`${proxy}/health/live`);
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining("must have required property")]);
  });

  it("lets lists through that leave out all that may be left out", async () => {
    const account = `/v1/accounts/${sandbox.account_id}`;
    const authorization = `Bearer ${await token()}`;
    for (const path of [`${account}/stores`, `${account}/terminals`, "/v1/admin/terminals/operations"]) {
      const answer = await fetch(`${proxy}${path}`, { headers: { authorization } });
      expect([path, answer.status, answer.headers.get("sl-violations")]).toEqual([path, 200, null]);
    }
  });

  it("refuses what the document does not describe", async () => {
    const headers = { authorization: `Bearer ${await token()}`, "content-type": "application/json" };
    const body = JSON.stringify({ terminal_id: "T1", operation: "reboot" });
    const answer = await fetch(`${proxy}/v1/admin/terminals/operations`, { method: "POST", headers, body });
    expect(answer.status).toBe(422);
  });
});

async function token(host = sandbox.http_url): Promise<string> {
  const path = `/v1/accounts/${sandbox.account_id}`;
  const answer = await fetch(`${sandbox.http_url}${path}/auth/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${sandbox.client_id}:${sandbox.client_secret}`)}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ grant_type: "client_credentials", audience: `${host}${path}` }),
  });
  expect(answer.status, host).toBe(200);
  return ((await answer.json()) as { access_token: string }).access_token;
}
