import { randomBytes } from "node:crypto";
import { deviceAddress, nextDeviceNumber } from "@tillkeeper/contract/addresses";
import { pairingCodeAlphabet, pairingCodeCharacters, showPairingCode } from "@tillkeeper/contract/pairing";

export const terminalId = "T00000000-T0001";

/** The present address and password of the device. Each replacement gives a new address. */
export class Identity {
  readonly serialNumber: string;
  readonly code = showPairingCode(newCode());
  #number = 0;
  #password = "";

  constructor(serialNumber: string) {
    this.serialNumber = serialNumber;
    this.replace();
  }

  get address(): string {
    return deviceAddress(terminalId, this.#number);
  }

  get password(): string {
    return this.#password;
  }

  /** Gives the device a new address with a new password. */
  replace(): void {
    this.#number = nextDeviceNumber(this.#number, new Date());
    this.#password = randomBytes(24).toString("base64url");
  }

  admits(username: string, password: string): boolean {
    return username === this.address && password === this.#password;
  }
}

function newCode(): string {
  const letters = [...randomBytes(pairingCodeCharacters)].map((byte) => pairingCodeAlphabet[byte % 32]);
  return letters.join("");
}
