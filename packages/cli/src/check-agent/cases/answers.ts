import { isDeepStrictEqual } from "node:util";
import { type CaseContext, isMessageOn } from "../case-context.ts";
import { isEntryOf, type TranscriptEntry } from "../transcript.ts";
import { cancelledFirst } from "./cancelling.ts";
import type { Case } from "./case.ts";
import { answersProbe } from "./links.ts";

/** Milliseconds from a command to its cancel; with some of them the cancel arrives while "begun" is being written. */
const cancelDelaysMs = [0, 1, 2, 4, 8, 16, 32, 64, 128];

/** Cases of cancels, and of results on their way to the server. */
export const answerCases: readonly Case[] = [
  {
    name: "cancelled-first",
    title: "gets a cancel before its command",
    laws: [29],
    play: (context) => cancelledFirst(context, "open_menu"),
  },
  {
    name: "cancelled-at-once",
    title: "gets a command, and at once its cancel",
    laws: [29, 30],
    async play(context) {
      const command = context.send("open_menu");
      context.cancel(command);
      const result = await context.result(30, command, "the result: cancelled, or what came of it");
      if (result.status === "COMPLETED" && result.started_at === undefined && !context.began(command))
        context.broken(29, "FAILED, cancelled, since it was not begun");
    },
  },
  {
    name: "cancelled-while-beginning",
    title: "gets a command and its cancel, each time a little later, until it has begun before that",
    laws: [29, 30],
    async play(context) {
      for (const ms of cancelDelaysMs) if (await cancelledAfter(context, ms)) return;
    },
  },
  {
    name: "cancelled-late",
    title: "gets the cancel of what it has answered",
    laws: [31],
    async play(context) {
      const { command, result } = await context.perform("open_menu");
      context.mark();
      context.cancel(command);
      const again = await context.result(31, command, "the same result again");
      if (again.status !== result.status) context.broken(31, result.status);
    },
  },
  {
    name: "result-lost",
    title: "tells a result again until it gets a receipt",
    laws: [9],
    async play(context) {
      context.server.misbehaviour.receipts = "deaf";
      const { operation_id: id } = context.send("open_menu");
      await context.waitFor(9, "the result, and the result again", (heard) => heard.filter(isEntryOf(id))[1]);
      context.server.misbehaviour.receipts = "sent";
      await context.waitUntilHeld();
    },
  },
  {
    name: "result-lost-with-the-link",
    title: "loses the link with a result that did not arrive, and tells it after the next welcome",
    laws: [9],
    async play(context) {
      context.server.misbehaviour.receipts = "deaf";
      const command = context.send("open_menu");
      await context.result(9, command);
      await context.reconnect();
      context.server.misbehaviour.receipts = "sent";
      await context.result(9, command, "the result again, after the reconnect");
      await context.waitUntilHeld();
    },
  },
  {
    name: "result-lost-before-another",
    title: "has told a result that did not arrive, and then the next one, which comes too early",
    laws: [8, 9],
    async play(context) {
      context.server.misbehaviour.receipts = "deaf";
      await context.result(9, context.send("open_menu"));
      context.server.misbehaviour.receipts = "sent";
      await context.result(9, context.send("open_menu"));
      await context.waitUntilHeld();
    },
  },
  {
    name: "receipt-lost",
    title: "learns from the welcome that the server holds what it told",
    laws: [10],
    async play(context) {
      context.server.misbehaviour.receipts = "lost";
      const command = context.send("open_menu");
      await context.result(9, command);
      await context.waitUntilHeld();
      await context.reconnect();
      // A result sent before the welcome arrived is allowed; the probe waits until it has come.
      await answersProbe(context);
      const { number } = context.server.log.memory;
      const { operation_id: id } = context.send("open_menu");
      await context.waitFor(9, "the next result, and that again", (heard) => heard.filter(isEntryOf(id))[1]);
      const old = context.heard.find((one) => isMessageOn(one, "result") && (one.message.number ?? 0) <= number);
      if (old) context.broken(10, `nothing that the server holds, but number ${number + 1} next`);
      context.server.misbehaviour.receipts = "sent";
      await context.waitUntilHeld();
    },
  },
  {
    name: "server-went-back",
    title: "tells again, in order, what the server has forgotten",
    laws: [10, 8],
    async play(context) {
      await fillLog(context, 3);
      context.mark();
      const { number } = context.server.log.memory;
      context.server.log.goBackTo(number - 3);
      context.server.sendMemory();
      await context.waitFor(10, `numbers ${number - 2} to ${number} again`, () =>
        context.server.log.memory.number === number ? true : undefined,
      );
      expectOrder(context, number - 2);
    },
  },
  {
    name: "server-went-back-meanwhile",
    title: "learns from the welcome that the server has forgotten something",
    laws: [10, 8],
    async play(context) {
      await fillLog(context, 3);
      const { number } = context.server.log.memory;
      context.server.log.goBackTo(number - 2);
      await context.reconnect();
      await context.waitFor(10, `numbers ${number - 1} and ${number} again`, () =>
        context.server.log.memory.number === number ? true : undefined,
      );
      expectOrder(context, number - 1);
    },
  },
];

/** Sends a command, and its cancel after `ms`. Returns whether the operation had begun before its cancel was sent. */
async function cancelledAfter(context: CaseContext, ms: number): Promise<boolean> {
  const command = context.send("open_menu");
  if (ms > 0) await context.pause(ms);
  const hadBegun = context.began(command);
  context.cancel(command);
  await context.result(30, command, "the result: cancelled, or what came of it");
  const placeOf = (channel: "started" | "cancel_refused") =>
    context.heard.findIndex((one) => isMessageOn(one, channel) && one.message.operation_id === command.operation_id);
  const [started, refused] = [placeOf("started"), placeOf("cancel_refused")];
  // Until it begins, "begun" in the journal can be taken back.
  if (refused !== -1 && (started === -1 || started > refused))
    context.broken(29, "FAILED, cancelled: `cancel_refused` is for what has begun, which `started` says first");
  await context.waitUntilHeld();
  return hadBegun;
}

async function fillLog(context: CaseContext, entries: number): Promise<void> {
  while (context.server.log.memory.number < entries) await context.perform("open_menu");
}

/** Checks that the first copies of the entries came one after the other, from this number on. */
function expectOrder(context: CaseContext, from: number): void {
  const numbers = context.heard.flatMap((one: TranscriptEntry) =>
    isMessageOn(one, "result") ? [one.message.number ?? 0] : [],
  );
  const first = [...new Set(numbers)];
  const right = first.map((_, index) => from + index);
  if (!isDeepStrictEqual(first, right)) context.broken(8, `numbers from ${from} on, in order`);
}
