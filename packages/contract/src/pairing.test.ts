import { describe, expect, it } from "vitest";
import { pairingCodeAlphabet, pairingUri, readPairingCode, readPairingUri, showPairingCode } from "./pairing.ts";

describe("a pairing code", () => {
  it("is read as it was meant, however it was typed", () => {
    for (const typed of ["7K3M-92X0", "7k3m92x0", " 7K3M 92XO ", "7-k-3-m-9-2-x-o"])
      expect(readPairingCode(typed), typed).toBe("7K3M92X0");
    expect(readPairingCode("ILil-oO00")).toBe("11110000");
    expect(showPairingCode("7K3M92X0")).toBe("7K3M-92X0");
  });

  it("is read as itself, whatever its letters", () => {
    const letters = pairingCodeAlphabet.match(/.{8}/g) ?? [];
    expect(letters).toHaveLength(4);
    for (const code of letters) expect(readPairingCode(showPairingCode(code).toLowerCase())).toBe(code);
  });
});

describe("the text of a pairing's QR code", () => {
  const invitation = { server: "https://pos.example.com:8443", serialNumber: "A-1", code: "7K3M-92X0" };

  it("says what it was made of", () => {
    const text = pairingUri(invitation);
    expect(text).toBe("tillkeeper:pair?server=https%3A%2F%2Fpos.example.com%3A8443&serial=A-1&code=7K3M-92X0");
    expect(readPairingUri(text)).toEqual(invitation);
    expect(readPairingUri(` ${text.replace("tillkeeper", "TILLKEEPER")}&later=1\n`)).toEqual(invitation);
  });

  it("is nothing else", () => {
    for (const text of [
      "",
      "https://example.com",
      "tillkeeper:pair",
      "tillkeeper:pair?",
      "tillkeeper:pair?server=https%3A%2F%2Fx&serial=1",
      "tillkeeper:pair?server=x&serial=1&code=2",
      "tillkeeper:pair?server=file%3A%2F%2F%2Fetc&serial=1&code=2",
      "tillkeeper:pair?server=%E0%A4%A&serial=1&code=2",
      "tillkeeper:else?server=https%3A%2F%2Fx&serial=1&code=2",
    ])
      expect(readPairingUri(text), text).toBeUndefined();
  });
});
