import { returnCodes } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/outgoing";
import { type CaseContext, isMessageOn } from "../case-context.ts";
import { heartbeatSeconds } from "../check-server.ts";
import { BrokenLaw, type Law } from "../laws.ts";
import type { DeviceMessage } from "../transcript.ts";
import type { Case } from "./case.ts";

const mostKeepaliveSeconds = 12;
/** The time within which a device has to notice a silent link. */
const deadAfterMs = 18_000;
const heartbeatGraceMs = 5_000;

/** Cases of connections, hellos, heartbeats and probes. */
export const linkCases: readonly Case[] = [
  {
    name: "connects",
    title: "connects, says hello, and leaves its will",
    laws: ["Connecting", 1, 37],
    async play(context) {
      const hello = await context.reconnect();
      const { keepaliveSeconds = 0, will } = context.server.lastConnect ?? {};
      if (keepaliveSeconds < 1 || keepaliveSeconds > mostKeepaliveSeconds)
        throw new BrokenLaw("Connecting", "a keepalive of 12 seconds", `${keepaliveSeconds}`);
      if (hello.message.session !== undefined && !will) throw new BrokenLaw(37, "a will on `gone`", "none");
    },
  },
  {
    name: "connects-again",
    title: "is refused for a while (return code 3), and connects again",
    laws: ["Connecting", 1],
    async play(context) {
      context.mark();
      context.server.broker.refusing = returnCodes.unavailable;
      context.server.broker.cut();
      const twice = (kinds: { kind: string }[]) => (kinds.length >= 2 ? true : undefined);
      await context.waitFor("Connecting", "further tries to connect", (heard) =>
        twice(heard.filter(({ kind }) => kind === "refused")),
      );
      context.server.broker.refusing = returnCodes.accepted;
      await context.waitForHello();
    },
  },
  {
    name: "hello-again",
    title: "says hello again when no welcome comes",
    laws: [3],
    async play(context) {
      context.server.misbehaviour.welcomes = false;
      const { connection } = await context.reconnect();
      await context.waitFor(3, "a second hello on the same connection", (heard) =>
        heard.filter((one) => isMessageOn(one, "hello") && one.connection === connection).length >= 2
          ? true
          : undefined,
      );
    },
  },
  {
    name: "heartbeats",
    title: "says heartbeats after the welcome, in time, and what it believes of its log",
    laws: [37, 38, 39, 10],
    async play(context) {
      const { connection, message } = await context.reconnect();
      if (message.session === undefined) return;
      const beats = () =>
        context.heard.filter(
          (one): one is DeviceMessage<"heartbeat"> => isMessageOn(one, "heartbeat") && one.connection === connection,
        );
      for (const count of [1, 2, 3]) {
        const withinMs =
          count === 1 ? context.patienceMs : heartbeatSeconds * 1_000 + heartbeatGraceMs + context.patienceMs / 2;
        await context.waitFor(
          38,
          `heartbeat ${count}, ${heartbeatSeconds} seconds apart`,
          () => beats()[count - 1],
          withinMs,
        );
      }
      await context.waitFor(10, "a heartbeat that says what the welcome said", () =>
        beats().find(({ message: { memory } }) => memory?.number === context.server.log.memory.number),
      );
    },
  },
  {
    name: "probe",
    title: "answers a probe",
    laws: [40],
    async play(context) {
      await answersProbe(context);
    },
  },
  {
    name: "dead-link",
    title: "notices within 18 seconds that its link is dead, and connects anew",
    laws: ["Connecting"],
    async play(context) {
      context.mark();
      context.server.broker.silence();
      await context.waitForHello(1, deadAfterMs + context.patienceMs);
    },
  },
];

/** Sends a probe and waits for its answer, by which the device has also handled all messages before the probe. */
export async function answersProbe(context: CaseContext, law: Law = 40): Promise<void> {
  context.mark();
  const id = context.server.probe();
  await context.waitFor(law, "an answer to the probe", (heard) =>
    heard.some((one) => isMessageOn(one, "probe_answer") && one.message.probe_id === id) ? true : undefined,
  );
}
