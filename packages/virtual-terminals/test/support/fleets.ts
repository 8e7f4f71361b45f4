import { join } from "node:path";
import { EndOfDayResult } from "@tillkeeper/contract/operations";
import { Compile } from "typebox/compile";
import { afterEach, expect } from "vitest";
import { password } from "../../../agent/test/support/broker.ts";
import { address, type Scene, terminalId } from "../../../agent/test/support/scene.ts";
import { createVirtualFleet, type VirtualFleet, type VirtualFleetOptions } from "../../src/virtual/fleet.ts";
import type { WholeClose } from "../../src/virtual/state.ts";
import type { VirtualTerminalSpec } from "../../src/virtual/terminal-options.ts";

const endOfDay = Compile(EndOfDayResult);

/** Plays virtual terminals, and stops them after each test. Call it after `useScene`. */
export function useFleets(scene: () => Scene) {
  let fleets: VirtualFleet[] = [];

  afterEach(async () => {
    await Promise.all(fleets.map((played) => played.stopAll()));
    fleets = [];
  });

  /** Makes a fleet without delays, with files in the scene's folder, or in memory with `inMemory`. */
  const fleet = ({ inMemory = false, ...options }: VirtualFleetOptions & { inMemory?: boolean } = {}): VirtualFleet => {
    const made = createVirtualFleet({
      ...(!inMemory && { folder: join(scene().folder, "terminals") }),
      durationMs: { shortest: 1, longest: 3 },
      ...options,
    });
    fleets.push(made);
    return made;
  };

  const spec = (change: Partial<VirtualTerminalSpec> = {}): VirtualTerminalSpec => {
    const serialNumber = "SIMULATED-T00000001-001";
    return { terminalId, serialNumber, mqttUrl: scene().broker.url, address, password, ...change };
  };

  return {
    fleet,
    spec,
    serial: (number: number) => spec({ serialNumber: `SIMULATED-T00000001-${number}` }),
    /** Sends an end_of_day, and resolves with its totals. */
    close: async () => {
      const { server } = scene();
      const { operation_id } = server.command({ operation: "end_of_day" });
      return endOfDay.Parse((await server.result(operation_id)).result) as WholeClose;
    },
    /** Shows that a terminal is healthy after a fault: a command without one is answered. */
    works: async () => {
      const { server } = scene();
      const { operation_id } = server.command();
      expect(await server.result(operation_id)).toMatchObject({ status: "COMPLETED" });
    },
  };
}
