import type { TestBroker } from "@tillkeeper/stage/brokers/broker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ProgramName, programs } from "../device-suite/agents.ts";
import { SuiteDevice } from "../device-suite/device.ts";
import { Drill } from "./drill.ts";
import type { Keeping } from "./keeping.ts";
import { Meeting } from "./meeting.ts";
import { restoreStories } from "./restore-stories.ts";
import type { Moment, Play, Story } from "./story.ts";
import { swapStories } from "./swap-stories.ts";

const programNames = Object.keys(programs) as ProgramName[];
const timeout = 300_000;
const stories: Record<string, Story> = { ...restoreStories, ...swapStories };
const titles = Object.keys(stories);

/** Runs all stories with all programs at the same time, in one drill. */
export function restoreDrill(
  openBroker: () => Promise<TestBroker | undefined>,
  keepingOf: (env: () => Record<string, string>) => Keeping,
): void {
  describe("a restore drill", () => {
    let drill: Drill;
    let printed = "";
    let restores: string[] = [];
    const outcomes = new Map<string, PromiseSettledResult<void>>();
    const cleanups: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      drill = await Drill.open(openBroker, keepingOf);
      const meeting = new Meeting<Moment>();
      const told = programNames.flatMap((program) =>
        titles.map(async (title) => {
          const play = playOf(drill, program, meeting, cleanups);
          const [outcome] = await Promise.allSettled([meeting.join((stories[title] as Story)(play))]);
          outcomes.set(`${program} ${title}`, outcome);
        }),
      );
      await meeting.hold("backup", () => drill.backUp());
      await meeting.hold("late", () => undefined);
      await meeting.hold("hangs", () => drill.hang());
      await meeting.hold("restored", async () => {
        printed = await drill.loseAndRestore();
        restores = await drill.restores();
      });
      await meeting.hold("again", () => drill.goBack());
      await Promise.all(told);
    }, timeout);
    afterAll(async () => {
      await Promise.all(cleanups.map((cleanup) => cleanup()));
      await drill?.stop();
    }, timeout);

    describe.each(programNames)("with the %s agent", (program) => {
      it.each(titles)("%s", (title) => {
        holds(outcomes.get(`${program} ${title}`));
      });
    });

    it("is told of by the operator once, and found out by the server once", async () => {
      expect(printed).toContain("Noted in 1 accounts.");
      expect(restores).toEqual(["told"]);
      expect(await drill.restores()).toEqual(["noticed"]);
    });
  });
}

function holds(outcome: PromiseSettledResult<void> | undefined): void {
  if (outcome?.status !== "fulfilled") throw outcome?.reason;
}

function playOf(drill: Drill, program: ProgramName, meeting: Meeting<Moment>, cleanups: (() => Promise<void>)[]): Play {
  const scene = { stage: () => drill, program };
  const cleanup = { onTestFinished: (end: () => Promise<void>) => void cleanups.push(end) };
  const device = (who: { id: string; serial: string }) => new SuiteDevice(scene, cleanup, who);
  return {
    drill,
    until: (moment) => meeting.until(moment),
    device,
    async activeDevice() {
      const { code, ...who } = await drill.register();
      const made = device(who);
      made.start(code);
      await made.online();
      await drill.perform(made.id, "check_update");
      return made;
    },
  };
}
