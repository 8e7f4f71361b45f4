import { isSandboxAccount, simulatedSerialPattern } from "@tillkeeper/contract/accounts";
import { ApiError } from "../../platform/errors.ts";

/**
 * Whether a serial number is that of a virtual terminal. Throws `simulated_not_allowed` for one that this account may not
 * register.
 */
export function isSimulated(accountId: string, serial: string): boolean {
  if (!serial.toUpperCase().startsWith("SIMULATED")) return false;
  if (isSandboxAccount(accountId) && simulatedSerialPattern(accountId).test(serial)) return true;
  throw new ApiError("simulated_not_allowed", "This account may not register that virtual terminal.", {
    errors: [
      {
        path: "/body/device_serial_number",
        message: "must be SIMULATED-{account id}-{3 digits}, on a sandbox account",
      },
    ],
  });
}
