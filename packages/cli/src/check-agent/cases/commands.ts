import { type OperationName, operationNames } from "@tillkeeper/contract/operations";
import type { Law } from "../laws.ts";
import { Skipped } from "../laws.ts";
import { isSaid, type Table, yearMs } from "../table.ts";
import type { Case } from "./case.ts";
import { probed } from "./links.ts";

const lateMs = 60_000;
/** What takes longer than this is told as `started` before its result. */
const momentMs = 1_000;

/** What a device does with commands. */
export const commandCases: readonly Case[] = [
  {
    name: "open-menu",
    title: "carries out a command: started, result, receipt",
    laws: [21, 8, 15],
    async play(table) {
      const command = table.ask("open_menu");
      const { status, started_at, finished_at } = await table.result(21, command);
      if (status !== "COMPLETED") table.broken(21, "open_menu COMPLETED");
      const tookMs = Date.parse(finished_at) - Date.parse(started_at ?? finished_at);
      const told = table.heard.some(
        (one) => isSaid(one, "started") && one.message.operation_id === command.operation_id,
      );
      if (!told && tookMs > momentMs) table.broken(21, `\`started\`, of what took ${tookMs} ms`);
      await table.held();
      await believed(table);
    },
  },
  {
    name: "check-update",
    title: "answers check_update without files",
    laws: [8],
    play: async (table) => void (await table.perform("check_update")),
  },
  {
    name: "abilities",
    title: "is sent what its hello does not name",
    laws: [20, "Abilities"],
    async play(table) {
      const { abilities } = table;
      if (!abilities) throw new Skipped("its hello does not say what it can do");
      const lacks = operationNames.filter((operation) => abilities[operation] === undefined);
      for (const operation of lacks) await table.failure(20, table.ask(operation), "unsupported");
      if (!lacks.includes("open_menu")) await table.perform("open_menu", "Abilities");
    },
  },
  {
    name: "repeated-command",
    title: "gets a command again that it has answered",
    laws: [17],
    async play(table) {
      const { command } = await table.perform("open_menu");
      table.mark();
      table.referee.sendCommand(command);
      await table.result(17, command, "its entry again, and nothing begun");
    },
  },
  {
    name: "doubled-command",
    title: "gets a command three times at once",
    laws: [17],
    async play(table) {
      const command = table.ask("open_menu");
      table.referee.sendCommand(command);
      table.referee.sendCommand(command);
      await table.result(17, command);
      // An operation that a copy of the command made the device begin would show before the end of the next one.
      await table.perform("open_menu");
    },
  },
  {
    name: "two-commands",
    title: "gets two commands at once",
    laws: [19],
    async play(table) {
      const first = table.ask("open_menu");
      const second = table.command("open_menu");
      table.referee.sendCommand(second);
      for (const command of [first, second]) {
        const { status } = await table.result(19, command);
        if (status !== "COMPLETED") table.broken(19, "both COMPLETED, one after the other");
      }
    },
  },
  {
    name: "late-command",
    title: "gets a command whose time is over",
    laws: [18],
    play: (table) => isLate(table, 18),
  },
  {
    name: "unknown-words",
    title: "gets an operation, a parameter and a `when_busy` that it cannot know",
    laws: [20],
    async play(table) {
      const strange = [
        table.command("dance" as OperationName),
        table.command("open_menu", { parameters: { speed: 11 } as object }),
        table.command("open_menu", { when_busy: "sing" as "wait" }),
      ];
      for (const command of strange) {
        table.mark();
        table.referee.sendCommand(command);
        await table.failure(20, command, "unsupported");
      }
    },
  },
  {
    name: "nonsense",
    title: "gets messages that cannot be understood, and fields of later versions",
    laws: [35],
    async play(table) {
      const foul = [
        "not JSON",
        "null",
        "[]",
        { operation_id: 1 },
        { ...table.command("open_menu"), expires_at: "soon" },
      ];
      for (const channel of ["command", "cancel", "receipt", "memory", "welcome", "probe", "rejection"] as const)
        for (const message of foul) table.referee.send(channel, message);
      await probed(table, 35);
      const command = table.command("open_menu");
      table.mark();
      table.referee.sendCommand({ ...command, later_version: { urgent: true } } as typeof command);
      const { status } = await table.result(35, command);
      if (status !== "COMPLETED") table.broken(35, "open_menu COMPLETED, in spite of a field that it does not know");
    },
  },
  clock("clock-ahead", "meets a server whose clock is a year ahead", yearMs),
  clock("clock-behind", "meets a server whose clock is a year behind", -yearMs),
];

function clock(name: string, title: string, clockMs: number): Case {
  return {
    name,
    title,
    laws: [32, 18],
    async play(table) {
      table.referee.mood.clockMs = clockMs;
      await table.reconnect();
      const command = table.ask("open_menu");
      const { status } = await table.result(32, command);
      if (status !== "COMPLETED") table.broken(32, "open_menu COMPLETED, in time by the server's clock");
      await isLate(table, 32);
      await table.held();
    },
  };
}

async function isLate(table: Table, law: Law): Promise<void> {
  const now = table.referee.now().getTime();
  const at = (ms: number) => new Date(now + ms).toISOString();
  const command = table.ask("open_menu", { created_at: at(-2 * lateMs), expires_at: at(-lateMs) });
  await table.failure(law, command, "expired");
}

/** A heartbeat says what the receipt said; agents that name no session say none. */
async function believed(table: Table): Promise<void> {
  const [hello] = table.referee.transcript.said("hello").slice(-1);
  if (hello?.session === undefined) return;
  const { number } = table.referee.log.memory;
  await table.hears(10, `a heartbeat that believes in number ${number}`, (heard) =>
    heard.some((one) => isSaid(one, "heartbeat") && one.message.memory?.number === number) ? true : undefined,
  );
}
