import { ApiError } from "../../platform/errors.ts";
import type { RegisteredUnit } from "./register.ts";

/**
 * Returns the unit if it is in business. Throws `organization_not_registered` or `organization_dissolved`; `path` is
 * the place of the number in the request.
 */
export function requireInBusiness(unit: RegisteredUnit | undefined, path: string): RegisteredUnit {
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
