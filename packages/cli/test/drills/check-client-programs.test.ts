// @module-tag nightly: a server for each program that is checked.

import { fileURLToPath } from "node:url";
import { Program } from "@tillkeeper/stage/processes/program";
import { describe, expect, it, type TestContext } from "vitest";
import { startCli } from "../support/cli.ts";

const node = process.execPath;
const pos = fileURLToPath(new URL("../check-client/pos-program.ts", import.meta.url));

type Line = Record<string, unknown> & { event: string };
const linesOf = (stdout: string): Line[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe.concurrent("tillkeeper check-client", () => {
  it("starts the program for each scenario, says in JSON what it found, and exits with 0", async () => {
    const args = ["--only", "calm", "fails", "--exit-code", "--json", "--", node, pos];
    const { code, stdout } = await startCli(["check-client", ...args], {}).ended;
    const lines = linesOf(stdout);
    expect(
      lines.map(({ event, rule, scenario }) => (event === "rule" ? rule : (scenario ?? event))).slice(0, 4),
    ).toEqual(["ready", "calm", "fails", "key-sent"]);
    expect(lines[0]).toMatchObject({
      variables: { TILLKEEPER_ACCOUNT: "T12345678", TILLKEEPER_TERMINAL: "T12345678-T0001" },
    });
    expect(lines.slice(1, 3)).toMatchObject([{ exit_code: 0 }, { exit_code: 1 }]);
    expect(lines.find(({ rule }) => rule === "key-renewed")).toMatchObject({
      verdict: "kept",
      scenario: "fails",
      broken_in: [],
      evidence: [
        {
          method: "POST",
          target: "/v1/admin/terminals/operations",
          status: 201,
          operation: "PENDING",
          trouble: "it ends FAILED",
        },
        { method: "POST", idempotency_key: expect.stringMatching(/^[0-9a-f-]{36}$/), at: expect.any(Number) },
      ],
    });
    expect(lines.at(-1)).toMatchObject({ event: "end", broken: 0, rules: [] });
    expect(code).toBe(0);
  });

  it("says in words what was broken, with the requests and the source, and exits with 1", async () => {
    const args = ["--only", "busy", "--", "env", "POS_FAULT=deaf to the Retry-After of 409", node, pos];
    const { code, stdout, stderr } = await startCli(["check-client", ...args], {}).ended;
    expect(stdout).toMatch(
      /^broken {4}waits-409: .+\n(?: {10}.+\n)*? {10}In busy: It came again after 0\.\d s; Retry-After was \d\.\n/m,
    );
    expect(stdout).toMatch(
      /^ {12}\d+\.\d\d s POST …\/operations, key [0-9a-f]{8}…, answered 409 operation_pending, Retry-After \d$/m,
    );
    expect(stdout).toMatch(/^ {10}Says: the guide "Terminal operations", section One operation at a time;/m);
    expect(stdout).toMatch(/^not tried waits-429: It sent nothing again after a 429\.$/m);
    expect(stdout).toMatch(/\nBroken: waits-409\. \d+ kept, 1 broken, \d+ not tried\.\n$/);
    // A server that gets no processor for a while says so in its log.
    expect(stderr.split("\n").filter((line) => !line.startsWith("{"))).toEqual(["| it did not go", ""]);
    expect(code).toBe(1);
  });

  it("ends a program that goes on for ever, and puts values into its arguments", async () => {
    const script = `fetch("{url}/v1/accounts/{account}/terminals"); console.log("{terminal} {scenario} {other}"); setInterval(() => {}, 1000)`;
    const { code, stdout, stderr } = await startCli(
      ["check-client", "--only", "calm", "--seconds", "3", "--", node, "-e", script],
      {},
    ).ended;
    expect(stderr).toBe("| T12345678-T0001 calm {other}\n");
    expect(stdout).toContain("calm: all goes well (");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("1 request, still running, ended)");
    expect(code).toBe(0);
  });

  it("goes through the scenarios with a program that is started by hand", async ({ onTestFinished }: TestContext) => {
    const cli = startCli(["check-client", "--only", "calm", "lost-answer", "--json"], {});
    onTestFinished(async () => void (await cli.stop()));
    const ready = await cli.until(/"event":"ready".*\n/);
    const { variables } = linesOf(ready)[0] as unknown as { variables: Record<string, string> };
    const play = () => new Program([node, pos], { env: variables, stdio: ["ignore", "pipe", "pipe"] }).ended;
    expect(await play()).toMatchObject({ code: 0 });
    await cli.until(/"scenario":"calm"/);
    expect(await play()).toMatchObject({ code: 0 });
    const { code, stdout } = await cli.ended;
    const lines = linesOf(stdout);
    expect(lines.find(({ rule }) => rule === "key-kept")).toMatchObject({ verdict: "kept", scenario: "lost-answer" });
    expect(lines.at(-1)).toMatchObject({ event: "end", broken: 0 });
    expect(code).toBe(0);
  });

  it.for([
    [["--only", "dance"], "There is no scenario dance; --help names them all.\n"],
    [["--seconds", "soon"], expect.stringContaining("It is a number from 1 to 86400.")],
    [["--", "no-such-program"], "no-such-program cannot be started: spawn no-such-program ENOENT.\n"],
    [["--", "true"], "The program has sent no request: does it use TILLKEEPER_URL? See docs/check-client.md.\n"],
  ] as const)("says what is wrong with %s, and exits with 2", async ([args, message]) => {
    const { code, stderr } = await startCli(["check-client", ...args], {}).ended;
    expect({ code, stderr }).toEqual({ code: 2, stderr: message });
  });

  it("reports what it has seen when it is interrupted, leaves nothing behind, and exits with 130", async ({
    onTestFinished,
  }: TestContext) => {
    const cli = startCli(["check-client"], {});
    onTestFinished(async () => void (await cli.stop()));
    await cli.until(/^now {7}calm: all goes well$/m);
    cli.signal("SIGINT");
    const { code, stdout } = await cli.ended;
    expect(stdout).toMatch(/No rule was broken\. 0 kept, 0 broken, 22 not tried\.\n$/);
    expect(code).toBe(130);
  });
});
