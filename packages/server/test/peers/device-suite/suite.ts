import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ProgramName, programs } from "./agents.ts";
import { type CarrierName, carrierOf } from "./carriers.ts";
import { activeDevice } from "./device.ts";
import { isolationCases } from "./isolation-cases.ts";
import { linkCases } from "./link-cases.ts";
import { operationCases } from "./operation-cases.ts";
import { pairingCases } from "./pairing-cases.ts";
import { presenceCases } from "./presence-cases.ts";
import { ready, Stage } from "./stage.ts";
import { updateCases } from "./update-cases.ts";
import { twinCase, versionCases } from "./version-cases.ts";

const programNames = Object.keys(programs) as ProgramName[];
/** Milliseconds for a case with all the programs that it starts, on two busy cores. */
const timeout = 120_000;

function useStage(carrier: CarrierName): () => Stage {
  let opened: Stage | undefined;
  beforeAll(async () => {
    opened = await Stage.open(carrier);
  }, timeout);
  afterAll(() => opened?.close(), timeout);
  return () => opened as Stage;
}

/** All that a device must do, and must not be able to do, over one carrier. */
export function deviceSuite(carrier: CarrierName): void {
  describe(`devices over ${carrier}`, { timeout }, () => {
    const stage = useStage(carrier);

    describe.concurrent.each(programNames)("the %s agent", (program) => {
      const scene = { stage, program };
      pairingCases(scene);
      presenceCases(scene);
      operationCases(scene);
      updateCases(scene);
      linkCases(scene);
      if (carrierOf(carrier).transport === "mqtt") {
        versionCases(scene);
        twinCase(scene);
      }
    });

    describe("a terminal, at the expense of another", () => {
      isolationCases(stage);
    });

    describe.each(programNames)("the %s agent, after all the others", (program) => {
      it("is back after a restart of the server without being told", async (context) => {
        const device = await activeDevice({ stage, program }, context);
        await stage().server.restart();
        await ready(stage().server);
        await stage().perform(device.id, "open_menu");
        await stage().perform(device.id, "end_of_day");
        await device.online();
        expect(device.agent.count({ event: "paired" })).toBe(1);
      });
    });
  });
}

/** The cases in which versions of MQTT differ, or might, in a version older than the broker's newest. */
export function versionSuite(carrier: CarrierName): void {
  describe(`devices over ${carrier}`, { timeout }, () => {
    const stage = useStage(carrier);

    describe.concurrent.each(programNames)("the %s agent", (program) => {
      const scene = { stage, program };
      pairingCases(scene);
      presenceCases(scene);
      versionCases(scene);
      twinCase(scene);
    });

    describe("a terminal, at the expense of another", () => {
      isolationCases(stage);
    });
  });
}
