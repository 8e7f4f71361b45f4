import { ApiError } from "../../platform/errors.ts";
import type { RegisteredUnit } from "./register.ts";

/**
 * What the register found, if it is something to do business with. Throws `organization_not_registered` or
 * `organization_dissolved`, naming the place in the request that the number came from.
 */
export function inBusiness(unit: RegisteredUnit | undefined, path: string): RegisteredUnit {
  if (!unit) {
    throw new ApiError("organization_not_registered", "The public register does not know this organization.", {
      errors: [{ path, message: "is not in the public register" }],
    });
  }
  if (unit.dissolved) {
    throw new ApiError("organization_dissolved", "This organization is not in business any more.", {
      errors: [{ path, message: "is deleted, bankrupt or being wound up according to the public register" }],
    });
  }
  return unit;
}
