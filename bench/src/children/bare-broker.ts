import { createServer, type Server } from "node:net";
import { listen } from "@tillkeeper/server/platform/listen";
import { Aedes } from "aedes";
import { processFigures } from "../parts/process-figures.ts";
import { answerTopic, request, requestTopic } from "./bare-messages.ts";
import { serveParent } from "./serve-parent.ts";

export interface BareLoad {
  perSecond: number;
  latencies: number[];
}

let broker: Aedes | undefined;
let server: Server | undefined;
/** Resolve functions of the pending exchanges, by the topic of the answer. */
const waiting = new Map<string, () => void>();

/** Starts Aedes without a server behind it; the broker's process also sends the requests. Returns the port. */
async function start(): Promise<number> {
  broker = await Aedes.createBroker();
  broker.published = (packet, _client, done) => {
    waiting.get(packet.topic)?.();
    done(null);
  };
  server = createServer({ noDelay: true }, broker.handle);
  return listen(server, "127.0.0.1", { number: 0, configured: true }, "the port of the bare broker");
}

/** Closed loop: `concurrency` requests are under way at any time, each to a client without an unanswered request. */
async function run(load: { clients: number; concurrency: number; seconds: number }): Promise<BareLoad> {
  const latencies: number[] = [];
  const free = Array.from({ length: load.clients }, (_, client) => client);
  const end = performance.now() + load.seconds * 1000;
  let inTime = 0;
  const call = async () => {
    let sentAt = performance.now();
    while (sentAt < end) {
      const client = free.shift() as number;
      await exchange(client);
      free.push(client);
      const answeredAt = performance.now();
      latencies.push(answeredAt - sentAt);
      if (answeredAt < end) inTime += 1;
      sentAt = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, call));
  return { perSecond: inTime / load.seconds, latencies };
}

function exchange(client: number): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.set(answerTopic(client), resolve);
    const packet = { cmd: "publish", topic: requestTopic(client), payload: request } as const;
    broker?.publish({ ...packet, qos: 1, retain: false, dup: false }, (error) => error && reject(error));
  });
}

serveParent({ start, run, figures: processFigures }, async () => {
  server?.close();
  await new Promise<void>((resolve) => (broker ? broker.close(() => resolve()) : resolve()));
});
