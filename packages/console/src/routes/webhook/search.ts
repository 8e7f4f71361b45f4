/** What the address says of the attempts: those that arrived or those that did not, and the one behind which the page begins. */
export interface DeliverySearch {
  success?: boolean;
  after?: string;
}

/** Takes the filters from an address. What means nothing is left out, so that an old link still opens. */
export function deliverySearch({ success, after }: Record<string, unknown>): DeliverySearch {
  return {
    ...(typeof success === "boolean" && { success }),
    ...(typeof after === "string" && { after }),
  };
}
