import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import { type CaseContext, isMessageOn } from "../case-context.ts";
import { BrokenLaw, Skipped } from "../laws.ts";
import { cancelledFirst } from "./cancelling.ts";
import type { Case } from "./case.ts";
import { closeDay, outOfStep } from "./closing.ts";

/** Longer than a device may hold back other commands while no welcome comes. */
const beyondHoldingBackMs = 6_000;

/** Cases of `end_of_day`. */
export const closeCases: readonly Case[] = [
  {
    name: "close",
    title: "closes the day, and once more",
    laws: [25],
    async play(context) {
      await closeDay(context);
      await closeDay(context);
    },
  },
  {
    name: "repeated-close",
    title: "gets an `end_of_day` again that it has answered",
    laws: [17],
    async play(context) {
      const { command } = await closeDay(context);
      context.mark();
      context.server.sendCommand(command);
      await context.result(17, command, "its entry again, and nothing begun");
    },
  },
  {
    name: "doubled-close",
    title: "gets an `end_of_day` twice at once",
    laws: [17],
    async play(context) {
      await context.waitUntilHeld();
      const command = context.send("end_of_day");
      context.server.sendCommand(command);
      await context.result(17, command);
      await context.perform("open_menu");
    },
  },
  {
    name: "previous-close-older",
    title: "gets an `end_of_day` that knows an older close",
    laws: [25],
    async play(context) {
      const before = await closeDay(context);
      await closeDay(context);
      await outOfStep(context, before.command.operation_id);
    },
  },
  {
    name: "previous-close-other",
    title: "gets an `end_of_day` that knows a close which the journal does not have",
    laws: [25],
    async play(context) {
      await closeDay(context);
      await outOfStep(context, randomUUID());
    },
  },
  {
    name: "previous-close-null",
    title: "gets an `end_of_day` that knows of no close",
    laws: [25],
    async play(context) {
      await closeDay(context);
      await outOfStep(context, null);
    },
  },
  {
    name: "same-request",
    title: "gets a request again, as another operation, that has closed the day",
    laws: [23],
    async play(context) {
      const { command, result } = await closeDay(context);
      const again = context.send("end_of_day", { origin: { ...command.origin, signed: "anew" } });
      const repeated = await context.result(23, again, "the result of the first operation");
      expectRepeat(context, repeated, command.operation_id);
      if (!isDeepStrictEqual(repeated.result, result.result) || repeated.status !== result.status)
        throw new BrokenLaw(23, JSON.stringify(result.result), JSON.stringify(repeated.result));
      await context.waitUntilHeld();
      await closeDay(context);
    },
  },
  {
    name: "same-request-out-of-step",
    title: "gets a request again that was out of step, now with the right previous close",
    laws: [23],
    async play(context) {
      await closeDay(context);
      const refused = await outOfStep(context, randomUUID());
      const again = context.send("end_of_day", { origin: { ...refused.origin, signed: "anew" } });
      const repeated = await context.result(23, again, "out_of_step, as before");
      if (repeated.reason !== "out_of_step")
        context.broken(23, "the answer of the first operation: FAILED, out_of_step");
      expectRepeat(context, repeated, refused.operation_id);
      await context.waitUntilHeld();
    },
  },
  {
    name: "cancelled-close",
    title: "gets the cancel of an `end_of_day` before its command",
    laws: [29],
    async play(context) {
      const { command: last } = await closeDay(context);
      await cancelledFirst(context, "end_of_day");
      if (context.server.log.lastClose !== last.operation_id) context.broken(29, "no close");
    },
  },
  {
    name: "cancelled-close-out-of-step",
    title: "gets the cancel, before its command, of an `end_of_day` that knows an older close",
    laws: [29, 25],
    async play(context) {
      const before = await closeDay(context);
      await closeDay(context);
      const command = context.command("end_of_day", { previous_close: before.command.operation_id });
      context.mark();
      context.cancel(command);
      await context.failure(29, command, "out_of_step");
      await context.waitUntilHeld();
    },
  },
  {
    name: "late-close",
    title: "gets an `end_of_day` whose time is over",
    laws: [18],
    async play(context) {
      await context.waitUntilHeld();
      const at = (ms: number) => new Date(context.server.now().getTime() + ms).toISOString();
      const command = context.send("end_of_day", { created_at: at(-120_000), expires_at: at(-60_000) });
      await context.failure(18, command, "expired");
    },
  },
  {
    name: "close-before-welcome",
    title: "is switched on, gets an `end_of_day` before the welcome, and holds it back until that comes",
    laws: [6],
    async play(context) {
      await context.waitUntilHeld();
      context.server.misbehaviour.welcomes = false;
      await context.powerCut();
      const command = context.command("end_of_day");
      context.server.sendCommand(command);
      await context.pause(beyondHoldingBackMs);
      if (context.began(command)) context.broken(6, "no close before the first welcome of a run");
      context.server.misbehaviour.welcomes = true;
      const { status } = await context.result(6, command, "the close, after the welcome");
      if (status !== "COMPLETED") context.broken(6, "end_of_day COMPLETED, after the welcome");
    },
  },
  {
    name: "power-cut-in-a-close",
    title: "loses its power in an `end_of_day` that it has begun",
    laws: [16, 17, 22, 25],
    play: (context) => cutInClose(context),
  },
  {
    name: "close-by-hand",
    title: "is closed by hand between two commands",
    laws: [24, 25],
    async play(context) {
      const { device, server } = context;
      if (!device.closeByHand) throw new Skipped("needs --close-by-hand");
      await closeDay(context);
      const before = server.log.lastClose;
      context.mark();
      const command = context.command("end_of_day");
      await device.closeByHand();
      server.sendCommand(command);
      const { last_close } = await context.failure(24, command, "out_of_step");
      await context.waitUntilHeld();
      const byHand = server.log.entries.findLast((entry) => entry.by_hand === true);
      const expected = "a close by hand as an entry of its own, first";
      if (!byHand || server.log.lastClose === before) throw new BrokenLaw(24, expected, "none");
      if (last_close !== byHand.operation_id)
        throw new BrokenLaw(25, `last_close ${byHand.operation_id}`, `${last_close}`);
      await closeDay(context);
    },
  },
];

async function cutInClose(context: CaseContext): Promise<void> {
  const { command: last } = await closeDay(context);
  const command = context.send("end_of_day");
  const { operation_id: id } = command;
  await context.waitFor(21, "started", () => context.began(command) || undefined);
  const entry = () => context.server.sentEntries.find(({ operation_id }) => operation_id === id);
  await context.powerCut();
  const result = await context.waitFor(22, "a result of what was interrupted", entry);
  if (!mayHaveClosed(result)) throw new BrokenLaw(22, "COMPLETED, or FAILED with `unknown_end`", `${result.reason}`);
  await context.waitUntilHeld();
  context.mark();
  context.server.sendCommand(command);
  await context.result(17, command, "its entry again, and nothing begun");
  await outOfStep(context, last.operation_id);
  await closeDay(context);
}

function expectRepeat(context: CaseContext, { repeats, started_at }: ResultMessage, id: string): void {
  const started = context.heard.some((one) => isMessageOn(one, "started"));
  if (started || started_at !== undefined) context.broken(23, "nothing begun, and no `started_at`");
  if (repeats !== id) throw new BrokenLaw(23, `repeats ${id}`, repeats ?? "none");
}
