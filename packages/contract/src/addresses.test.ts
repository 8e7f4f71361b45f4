import { describe, expect, it } from "vitest";
import { deviceAddress, deviceAddressPattern, nextDeviceNumber, readDeviceAddress } from "./addresses.ts";

describe("the address of a device", () => {
  it.each([
    ["T12345678-T0001", 1, "T12345678", "T12345678-T0001-D1"],
    ["P00000000-T123456789", 3_632_400, "P00000000", "P00000000-T123456789-D3632400"],
    ["T12345678-T0001", 2_147_483_647, "T12345678", "T12345678-T0001-D2147483647"],
  ])("of %s with the number %i tells the account and the terminal", (terminalId, number, accountId, address) => {
    expect(deviceAddress(terminalId, number)).toBe(address);
    expect(readDeviceAddress(address)).toEqual({ accountId, terminalId, address });
    expect(address).toMatch(new RegExp(deviceAddressPattern));
  });

  it.each([
    "",
    "T12345678-T0001",
    "T12345678-T0001-D",
    "T12345678-T0001-D-1",
    "T12345678-T0001-Dx",
    "T12345678-T0001-D1:2",
    "T12345678-T0001-D1\n",
    " T12345678-T0001-D1",
    "T12345678-T0001-D12345678901",
    "t12345678-t0001-d1",
    "X12345678-T0001-D1",
    "T1234567-T0001-D1",
    "T12345678-T001-D1",
    "T12345678-T1234567890-D1",
    "T12345678-T0001-D1/command",
    "T12345678-T0001-D1-D2",
  ])("is not %j", (text) => {
    expect(readDeviceAddress(text)).toBeUndefined();
    expect(text).not.toMatch(new RegExp(deviceAddressPattern));
  });
});

describe("the number of the next address", () => {
  const at = (text: string) => new Date(text);

  it("is the second, so that a database that went back gives none twice", () => {
    expect(nextDeviceNumber(0, at("2020-01-01T00:00:01.999Z"))).toBe(1);
    expect(nextDeviceNumber(0, at("2020-01-01T00:00:02Z"))).toBe(2);
    expect(nextDeviceNumber(1, at("2026-11-27T07:20:30Z"))).toBe(217_927_230);
    const last = nextDeviceNumber(0, at("2026-11-27T07:20:30Z"));
    expect(nextDeviceNumber(7, at("2026-11-27T07:20:31Z"))).toBeGreaterThan(last);
  });

  it("is larger than the last one, several times in a second and by a clock that goes back", () => {
    const now = at("2026-11-27T07:20:30Z");
    const first = nextDeviceNumber(0, now);
    expect(nextDeviceNumber(first, now)).toBe(first + 1);
    expect(nextDeviceNumber(first + 1, now)).toBe(first + 2);
    expect(nextDeviceNumber(first + 2, at("2021-01-01T00:00:00Z"))).toBe(first + 3);
    expect(nextDeviceNumber(5, at("1999-12-31T23:59:59Z"))).toBe(6);
  });
});
