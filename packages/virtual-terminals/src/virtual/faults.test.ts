import { describe, expect, test } from "vitest";
import { faultNames, faultOfCommand, faultOfSerial } from "./faults.ts";

describe("faults", () => {
  test("by serial number, 901 and on in the order of the table", () => {
    expect(faultNames).toEqual([
      "no_answer",
      "late_answer",
      "twice",
      "failure",
      "busy_payment",
      "slow",
      "disconnect",
      "refuses_cancel",
      "user_aborted",
      "host_unreachable",
      "restart",
      "silent",
      "device_fault",
      "nameless",
      "by_hand",
      "no_menu",
      "silent_batch",
    ]);
    expect(faultNames.map((_, index) => faultOfSerial(`SIMULATED-T12345678-${901 + index}`))).toEqual(faultNames);
  });

  test.each(["SIMULATED-T12345678-001", "SIMULATED-T12345678-900", "SIMULATED-T12345678-918", "1850901", "x-901"])(
    "%s is healthy",
    (serialNumber) => expect(faultOfSerial(serialNumber)).toBeUndefined(),
  );

  test("by operator_id", () => {
    expect(faultNames.map((name) => faultOfCommand({ operator_id: `simulate:${name}` }))).toEqual(faultNames);
    expect(faultOfCommand({ operator_id: "simulate:typo" })).toBe("unknown");
    expect(faultOfCommand({ operator_id: "simulate:toString" })).toBe("unknown");
    expect(faultOfCommand({ operator_id: "Kari" })).toBeUndefined();
    expect(faultOfCommand({})).toBeUndefined();
  });
});
