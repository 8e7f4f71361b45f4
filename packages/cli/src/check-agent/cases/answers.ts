import { isDeepStrictEqual } from "node:util";
import { isSaid, type Table } from "../table.ts";
import { type Heard, isEntryOf } from "../transcript.ts";
import { cancelledFirst } from "./cancelling.ts";
import type { Case } from "./case.ts";
import { probed } from "./links.ts";

/** Milliseconds from a command to its cancel: some of them meet the write that says "begun". */
const laterAndLater = [0, 1, 2, 4, 8, 16, 32, 64, 128];

/** Cancelling, and how results reach the server. */
export const answerCases: readonly Case[] = [
  {
    name: "cancelled-first",
    title: "gets a cancel before its command",
    laws: [29],
    play: (table) => cancelledFirst(table, "open_menu"),
  },
  {
    name: "cancelled-at-once",
    title: "gets a command, and at once its cancel",
    laws: [29, 30],
    async play(table) {
      const command = table.ask("open_menu");
      table.cancel(command);
      const result = await table.result(30, command, "the result: cancelled, or what came of it");
      if (result.status === "COMPLETED" && result.started_at === undefined && !table.began(command))
        table.broken(29, "FAILED, cancelled, since it was not begun");
    },
  },
  {
    name: "cancelled-while-beginning",
    title: "gets a command and its cancel, each time a little later, until it has begun before that",
    laws: [29, 30],
    async play(table) {
      for (const ms of laterAndLater) if (await cancelledAfter(table, ms)) return;
    },
  },
  {
    name: "cancelled-late",
    title: "gets the cancel of what it has answered",
    laws: [31],
    async play(table) {
      const { command, result } = await table.perform("open_menu");
      table.mark();
      table.cancel(command);
      const again = await table.result(31, command, "the same result again");
      if (again.status !== result.status) table.broken(31, result.status);
    },
  },
  {
    name: "result-lost",
    title: "tells a result again until it gets a receipt",
    laws: [9],
    async play(table) {
      table.referee.mood.receipts = "deaf";
      const { operation_id: id } = table.ask("open_menu");
      await table.hears(9, "the result, and the result again", (heard) => heard.filter(isEntryOf(id))[1]);
      table.referee.mood.receipts = "sent";
      await table.held();
    },
  },
  {
    name: "result-lost-with-the-link",
    title: "loses the link with a result that did not arrive, and tells it after the next welcome",
    laws: [9],
    async play(table) {
      table.referee.mood.receipts = "deaf";
      const command = table.ask("open_menu");
      await table.result(9, command);
      await table.reconnect();
      table.referee.mood.receipts = "sent";
      await table.result(9, command, "the result again, after the reconnect");
      await table.held();
    },
  },
  {
    name: "result-lost-before-another",
    title: "has told a result that did not arrive, and then the next one, which comes too early",
    laws: [8, 9],
    async play(table) {
      table.referee.mood.receipts = "deaf";
      await table.result(9, table.ask("open_menu"));
      table.referee.mood.receipts = "sent";
      await table.result(9, table.ask("open_menu"));
      await table.held();
    },
  },
  {
    name: "receipt-lost",
    title: "learns from the welcome that the server holds what it told",
    laws: [10],
    async play(table) {
      table.referee.mood.receipts = "lost";
      const command = table.ask("open_menu");
      await table.result(9, command);
      await table.held();
      await table.reconnect();
      // What was on its way before the welcome is no fault.
      await probed(table);
      const { number } = table.referee.log.memory;
      const { operation_id: id } = table.ask("open_menu");
      await table.hears(9, "the next result, and that again", (heard) => heard.filter(isEntryOf(id))[1]);
      const old = table.heard.find((one) => isSaid(one, "result") && (one.message.number ?? 0) <= number);
      if (old) table.broken(10, `nothing that the server holds, but number ${number + 1} next`);
      table.referee.mood.receipts = "sent";
      await table.held();
    },
  },
  {
    name: "server-went-back",
    title: "tells again, in order, what the server has forgotten",
    laws: [10, 8],
    async play(table) {
      await atLeast(table, 3);
      table.mark();
      const { number } = table.referee.log.memory;
      table.referee.log.goBackTo(number - 3);
      table.referee.sendMemory();
      await table.hears(10, `numbers ${number - 2} to ${number} again`, () =>
        table.referee.log.memory.number === number ? true : undefined,
      );
      inOrder(table, number - 2);
    },
  },
  {
    name: "server-went-back-meanwhile",
    title: "learns from the welcome that the server has forgotten something",
    laws: [10, 8],
    async play(table) {
      await atLeast(table, 3);
      const { number } = table.referee.log.memory;
      table.referee.log.goBackTo(number - 2);
      await table.reconnect();
      await table.hears(10, `numbers ${number - 1} and ${number} again`, () =>
        table.referee.log.memory.number === number ? true : undefined,
      );
      inOrder(table, number - 1);
    },
  },
];

/** Answers whether it had begun before its cancel was sent. */
async function cancelledAfter(table: Table, ms: number): Promise<boolean> {
  const command = table.ask("open_menu");
  if (ms > 0) await table.pause(ms);
  const hadBegun = table.began(command);
  table.cancel(command);
  await table.result(30, command, "the result: cancelled, or what came of it");
  const placeOf = (channel: "started" | "cancel_refused") =>
    table.heard.findIndex((one) => isSaid(one, channel) && one.message.operation_id === command.operation_id);
  const [started, refused] = [placeOf("started"), placeOf("cancel_refused")];
  // Until it begins, "begun" in the journal can be taken back.
  if (refused !== -1 && (started === -1 || started > refused))
    table.broken(29, "FAILED, cancelled: `cancel_refused` is for what has begun, which `started` says first");
  await table.held();
  return hadBegun;
}

async function atLeast(table: Table, entries: number): Promise<void> {
  while (table.referee.log.memory.number < entries) await table.perform("open_menu");
}

/** The first copies that were told come one after the other, from this number on. */
function inOrder(table: Table, from: number): void {
  const numbers = table.heard.flatMap((one: Heard) => (isSaid(one, "result") ? [one.message.number ?? 0] : []));
  const first = [...new Set(numbers)];
  const right = first.map((_, index) => from + index);
  if (!isDeepStrictEqual(first, right)) table.broken(8, `numbers from ${from} on, in order`);
}
