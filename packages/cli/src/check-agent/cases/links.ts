import { returnCodes } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/outgoing";
import { BrokenLaw, type Law } from "../laws.ts";
import { heartbeatSeconds } from "../referee.ts";
import { isSaid, type Table } from "../table.ts";
import type { Said } from "../transcript.ts";
import type { Case } from "./case.ts";

const mostKeepaliveSeconds = 12;
/** When a silent link has to be missed. */
const deadAfterMs = 18_000;
const heartbeatGraceMs = 5_000;

/** How a device connects, and how it shows that it is there. */
export const linkCases: readonly Case[] = [
  {
    name: "connects",
    title: "connects, says hello, and leaves its will",
    laws: ["Connecting", 1, 37],
    async play(table) {
      const hello = await table.reconnect();
      const { keepaliveSeconds = 0, will } = table.referee.lastConnect ?? {};
      if (keepaliveSeconds < 1 || keepaliveSeconds > mostKeepaliveSeconds)
        throw new BrokenLaw("Connecting", "a keepalive of 12 seconds", `${keepaliveSeconds}`);
      if (hello.message.session !== undefined && !will) throw new BrokenLaw(37, "a will on `gone`", "none");
    },
  },
  {
    name: "connects-again",
    title: "is refused for a while (return code 3), and connects again",
    laws: ["Connecting", 1],
    async play(table) {
      table.mark();
      table.referee.broker.refusing = returnCodes.unavailable;
      table.referee.broker.cut();
      const twice = (kinds: { kind: string }[]) => (kinds.length >= 2 ? true : undefined);
      await table.hears("Connecting", "further tries to connect", (heard) =>
        twice(heard.filter(({ kind }) => kind === "refused")),
      );
      table.referee.broker.refusing = returnCodes.accepted;
      await table.back();
    },
  },
  {
    name: "hello-again",
    title: "says hello again when no welcome comes",
    laws: [3],
    async play(table) {
      table.referee.mood.welcomes = false;
      const { connection } = await table.reconnect();
      await table.hears(3, "a second hello on the same connection", (heard) =>
        heard.filter((one) => isSaid(one, "hello") && one.connection === connection).length >= 2 ? true : undefined,
      );
    },
  },
  {
    name: "heartbeats",
    title: "says heartbeats after the welcome, in time, and what it believes of its log",
    laws: [37, 38, 39, 10],
    async play(table) {
      const { connection, message } = await table.reconnect();
      if (message.session === undefined) return;
      const beats = () =>
        table.heard.filter(
          (one): one is Said<"heartbeat"> => isSaid(one, "heartbeat") && one.connection === connection,
        );
      for (const count of [1, 2, 3]) {
        const withinMs =
          count === 1 ? table.patienceMs : heartbeatSeconds * 1_000 + heartbeatGraceMs + table.patienceMs / 2;
        await table.hears(
          38,
          `heartbeat ${count}, ${heartbeatSeconds} seconds apart`,
          () => beats()[count - 1],
          withinMs,
        );
      }
      await table.hears(10, "a heartbeat that says what the welcome said", () =>
        beats().find(({ message: { memory } }) => memory?.number === table.referee.log.memory.number),
      );
    },
  },
  {
    name: "probe",
    title: "answers a probe",
    laws: [40],
    async play(table) {
      await probed(table);
    },
  },
  {
    name: "dead-link",
    title: "notices within 18 seconds that its link is dead, and connects anew",
    laws: ["Connecting"],
    async play(table) {
      table.mark();
      table.referee.broker.silence();
      await table.back(1, deadAfterMs + table.patienceMs);
    },
  },
];

/** It has dealt with a probe, and with what came before that. */
export async function probed(table: Table, law: Law = 40): Promise<void> {
  table.mark();
  const id = table.referee.probe();
  await table.hears(law, "an answer to the probe", (heard) =>
    heard.some((one) => isSaid(one, "probe_answer") && one.message.probe_id === id) ? true : undefined,
  );
}
