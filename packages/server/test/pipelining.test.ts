import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startTestServer, type TestServer } from "./support/test-server.ts";

describe("one connection that sends requests without waiting for answers", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const open = () => {
    const { port, hostname } = new URL(server.urls[0] as string);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    return { socket, closed, statuses: () => [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status) };
  };
  const request = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

  it("is answered in order", async () => {
    const { socket, closed, statuses } = open();
    const paths = Array.from({ length: 30 }, (_, number) => (number % 2 === 0 ? "/health/live" : "/nothing"));
    socket.write(paths.map((path) => request(path)).join("") + request("/nothing", "Connection: close\r\n"));
    await closed;
    expect(statuses()).toEqual([...paths.map((path) => (path === "/nothing" ? "404" : "200")), "404"]);
  });

  it("is ended when it sends thousands, and others are served", async () => {
    const { socket, closed, statuses } = open();
    socket.write(request("/nothing").repeat(5_000));
    await closed;
    expect(statuses().length).toBeLessThan(100);
    expect((await server.call("GET", "/health/live")).status).toBe(200);
  });
});
