import { type OperationName, operationNames } from "@tillkeeper/contract/operations";
import { type CaseContext, isMessageOn, yearMs } from "../case-context.ts";
import type { Law } from "../laws.ts";
import { Skipped } from "../laws.ts";
import type { Case } from "./case.ts";
import { answersProbe } from "./links.ts";

const lateMs = 60_000;
/** An operation that takes longer than this has to send `started` before its result. */
const momentMs = 1_000;

/** Cases of commands. */
export const commandCases: readonly Case[] = [
  {
    name: "open-menu",
    title: "carries out a command: started, result, receipt",
    laws: [21, 8, 15],
    async play(context) {
      const command = context.send("open_menu");
      const { status, started_at, finished_at } = await context.result(21, command);
      if (status !== "COMPLETED") context.broken(21, "open_menu COMPLETED");
      const tookMs = Date.parse(finished_at) - Date.parse(started_at ?? finished_at);
      const told = context.heard.some(
        (one) => isMessageOn(one, "started") && one.message.operation_id === command.operation_id,
      );
      if (!told && tookMs > momentMs) context.broken(21, `\`started\`, of what took ${tookMs} ms`);
      await context.waitUntilHeld();
      await expectMemoryInHeartbeat(context);
    },
  },
  {
    name: "check-update",
    title: "answers check_update without files",
    laws: [8],
    play: async (context) => void (await context.perform("check_update")),
  },
  {
    name: "abilities",
    title: "is sent what its hello does not name",
    laws: [20, "Abilities"],
    async play(context) {
      const { abilities } = context;
      if (!abilities) throw new Skipped("its hello does not say what it can do");
      const lacks = operationNames.filter((operation) => abilities[operation] === undefined);
      for (const operation of lacks) await context.failure(20, context.send(operation), "unsupported");
      if (!lacks.includes("open_menu")) await context.perform("open_menu", "Abilities");
    },
  },
  {
    name: "repeated-command",
    title: "gets a command again that it has answered",
    laws: [17],
    async play(context) {
      const { command } = await context.perform("open_menu");
      context.mark();
      context.server.sendCommand(command);
      await context.result(17, command, "its entry again, and nothing begun");
    },
  },
  {
    name: "doubled-command",
    title: "gets a command three times at once",
    laws: [17],
    async play(context) {
      const command = context.send("open_menu");
      context.server.sendCommand(command);
      context.server.sendCommand(command);
      await context.result(17, command);
      // An operation that a copy of the command made the device begin would show before the end of the next one.
      await context.perform("open_menu");
    },
  },
  {
    name: "two-commands",
    title: "gets two commands at once",
    laws: [19],
    async play(context) {
      const first = context.send("open_menu");
      const second = context.command("open_menu");
      context.server.sendCommand(second);
      for (const command of [first, second]) {
        const { status } = await context.result(19, command);
        if (status !== "COMPLETED") context.broken(19, "both COMPLETED, one after the other");
      }
    },
  },
  {
    name: "late-command",
    title: "gets a command whose time is over",
    laws: [18],
    play: (context) => expectExpired(context, 18),
  },
  {
    name: "unknown-words",
    title: "gets an operation, a parameter and a `when_busy` that it cannot know",
    laws: [20],
    async play(context) {
      const strange = [
        context.command("dance" as OperationName),
        context.command("open_menu", { parameters: { speed: 11 } as object }),
        context.command("open_menu", { when_busy: "sing" as "wait" }),
      ];
      for (const command of strange) {
        context.mark();
        context.server.sendCommand(command);
        await context.failure(20, command, "unsupported");
      }
    },
  },
  {
    name: "nonsense",
    title: "gets messages that cannot be understood, and fields of later versions",
    laws: [35],
    async play(context) {
      const foul = [
        "not JSON",
        "null",
        "[]",
        { operation_id: 1 },
        { ...context.command("open_menu"), expires_at: "soon" },
      ];
      for (const channel of ["command", "cancel", "receipt", "memory", "welcome", "probe", "rejection"] as const)
        for (const message of foul) context.server.send(channel, message);
      await answersProbe(context, 35);
      const command = context.command("open_menu");
      context.mark();
      context.server.sendCommand({ ...command, later_version: { urgent: true } } as typeof command);
      const { status } = await context.result(35, command);
      if (status !== "COMPLETED") context.broken(35, "open_menu COMPLETED, in spite of a field that it does not know");
    },
  },
  clockCase("clock-ahead", "meets a server whose clock is a year ahead", yearMs),
  clockCase("clock-behind", "meets a server whose clock is a year behind", -yearMs),
];

function clockCase(name: string, title: string, clockMs: number): Case {
  return {
    name,
    title,
    laws: [32, 18],
    async play(context) {
      context.server.misbehaviour.clockMs = clockMs;
      await context.reconnect();
      const command = context.send("open_menu");
      const { status } = await context.result(32, command);
      if (status !== "COMPLETED") context.broken(32, "open_menu COMPLETED, in time by the server's clock");
      await expectExpired(context, 32);
      await context.waitUntilHeld();
    },
  };
}

async function expectExpired(context: CaseContext, law: Law): Promise<void> {
  const now = context.server.now().getTime();
  const at = (ms: number) => new Date(now + ms).toISOString();
  const command = context.send("open_menu", { created_at: at(-2 * lateMs), expires_at: at(-lateMs) });
  await context.failure(law, command, "expired");
}

/** Waits for a heartbeat with the `memory` of the receipt. Agents without sessions send no heartbeats. */
async function expectMemoryInHeartbeat(context: CaseContext): Promise<void> {
  const [hello] = context.server.transcript.said("hello").slice(-1);
  if (hello?.session === undefined) return;
  const { number } = context.server.log.memory;
  await context.waitFor(10, `a heartbeat that believes in number ${number}`, (heard) =>
    heard.some((one) => isMessageOn(one, "heartbeat") && one.message.memory?.number === number) ? true : undefined,
  );
}
