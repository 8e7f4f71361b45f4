import { type Secrets, signatureHeaders } from "./signatures.ts";

const userAgent = "Tillkeeper-Hook/1.0";

interface Delivered {
  url: URL;
  /** The name by which the receiver has asked for the event. */
  event: string;
  deliveryId: string;
  /** `webhook-id`. */
  id: string;
  body: string;
  at: Date;
}

/** All headers of a request that takes an event to its receiver, signed. */
export function webhookHeaders({ event, deliveryId, ...request }: Delivered, secrets: Secrets): Record<string, string> {
  const headers = {
    "content-type": "application/json",
    "user-agent": userAgent,
    event,
    "event-delivery": deliveryId,
  };
  return { ...headers, ...signatureHeaders({ ...request, headers }, secrets) };
}
