import type { PayoutDestinationCreate } from "@tillkeeper/contract/http/payout-destinations";
import { requireInBusiness } from "../organizations/in-business.ts";
import type { OrganizationRegister } from "../organizations/register.ts";

/**
 * Checks a Norwegian company against the public register, and fills in details that the request leaves out. Companies
 * of other countries pass unchecked. Throws `organization_not_registered`, `organization_dissolved` or
 * `register_unavailable`.
 */
export async function withRegisteredDetails(
  register: OrganizationRegister,
  destination: PayoutDestinationCreate,
): Promise<PayoutDestinationCreate> {
  const { organization } = destination;
  if (!organization || (organization.country ?? "NO") !== "NO") return destination;
  const unit = requireInBusiness(
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
