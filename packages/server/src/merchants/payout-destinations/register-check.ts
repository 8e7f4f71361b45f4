import type { PayoutDestinationCreate } from "@tillkeeper/contract/http/payout-destinations";
import { inBusiness } from "../organizations/in-business.ts";
import type { OrganizationRegister } from "../organizations/register.ts";

/**
 * Checks a Norwegian company against the public register, and fills in from there what was left out. Throws
 * `organization_not_registered`, `organization_dissolved` or `register_unavailable`. Other countries are not asked about.
 */
export async function withRegisteredDetails(
  register: OrganizationRegister,
  destination: PayoutDestinationCreate,
): Promise<PayoutDestinationCreate> {
  const { organization } = destination;
  if (!organization || (organization.country ?? "NO") !== "NO") return destination;
  const unit = inBusiness(
    await register.findMainUnit(organization.organization_number),
    "/body/organization/organization_number",
  );
  const address = destination.address ?? unit.address;
  return {
    ...destination,
    organization: { ...organization, name: organization.name ?? unit.name },
    ...(address && { address }),
  };
}
