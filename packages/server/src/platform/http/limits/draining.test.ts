import { once } from "node:events";
import { Agent, createServer, get, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { draining } from "./draining.ts";

describe("the end of an HTTP server", () => {
  const patience = { quiet: 300, longest: 60_000, unfinished: 60_000 };
  let port: number;
  let closed: Promise<unknown>;
  let end: ReturnType<typeof draining>;
  let close: () => void;
  /** Requests that wait for their answer. */
  let waiting: ServerResponse[];

  async function serve(own: Partial<typeof patience> = {}): Promise<void> {
    waiting = [];
    const server = createServer((_request, response) => void waiting.push(response)).listen(0, "127.0.0.1");
    end = draining(server, { ...patience, ...own });
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
    closed = once(server, "close");
    close = () => server.close();
  }
  beforeEach(() => serve());

  const ask = (agent?: Agent) =>
    new Promise<string>((resolve, reject) => {
      const request = get({ port, host: "127.0.0.1", path: "/", agent: agent ?? false }, (response) => {
        response.setEncoding("utf8").on("data", resolve);
      });
      request.once("error", reject);
    });
  const asked = async (count: number) => {
    while (waiting.length < count) await new Promise(setImmediate);
  };

  it("waits for requests that have begun", async () => {
    const answer = ask();
    await asked(1);
    await end.settle();
    close();
    const finished = end.finish();
    waiting[0]?.end("done");
    expect(await answer).toBe("done");
    await Promise.all([finished, closed]);
  });

  it("goes on listening as long as somebody asks", async () => {
    let settled = false;
    const first = ask();
    await asked(1);
    const settling = end.settle().then(() => (settled = true));
    for (let count = 2; count < 10; count += 1) {
      const next = ask();
      await asked(count);
      waiting[count - 1]?.end("next");
      expect(await next).toBe("next");
    }
    expect(settled).toBe(false);
    await settling;
    waiting[0]?.end("first");
    expect(await first).toBe("first");
    close();
    await Promise.all([end.finish(), closed]);
  });

  it("does not wait for silent connections, new ones or used ones", async () => {
    const silent = connect(port, "127.0.0.1");
    await once(silent, "connect");
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const answer = ask(agent);
    await asked(1);
    waiting[0]?.end("done");
    expect(await answer).toBe("done");
    await end.settle();
    close();
    const hungUp = once(silent, "close");
    await Promise.all([end.finish(), closed, hungUp]);
  });

  it("cuts requests in the end that never end", async () => {
    close();
    await closed;
    await serve({ unfinished: 100 });
    const answer = ask();
    await asked(1);
    await end.settle();
    close();
    await Promise.all([end.finish(), closed, expect(answer).rejects.toThrow("socket hang up")]);
  });
});
