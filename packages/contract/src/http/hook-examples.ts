import type { Examples } from "./endpoint.ts";

export const subscriptionRequests: Examples = {
  create: {
    summary: "Be told how operations end, and what becomes of stores",
    value: {
      config: {
        url: "https://pos.example/hooks",
        content_type: "application/json",
        secret: { type: "HMAC-SHA1", value: "2b7e151628aed2a6" },
      },
      events: ["terminal_operation_update", "account_store_update"],
    },
  },
};

const subscription = {
  id: "01973f2e-6b1c-7d44-9a51-3c8e5f0a7b21",
  account_id: "P11223351",
  config: {
    url: "https://pos.example/hooks",
    content_type: "application/json",
    insecure_ssl: 0,
    secret: { type: "HMAC-SHA1" },
  },
  events: ["terminal_operation_update", "account_store_update"],
  active: true,
  ordered: false,
  state: "active",
  signing_secrets: [{ id: "01973f2e-6b1c-7d44-9a51-3c8e5f0a7b22", created_at: "2026-06-29T09:00:00Z" }],
  created_at: "2026-06-29T09:00:00Z",
  created_by: "pos",
  updated_at: "2026-06-29T09:00:00Z",
  updated_by: "pos",
};

export const subscriptionCreated: Examples = {
  created: {
    summary: "The only answer that shows the signing secret",
    value: { ...subscription, signing_secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
  },
};

export const subscriptionExample: Examples = { subscription: { summary: "A subscription", value: subscription } };
