import { type Sandbox, startSandbox } from "@tillkeeper/sandbox";
import type { Browser } from "playwright-core";
import { acceptInvitation, type Visitor } from "./session.ts";

const shopNames = ["good", "failing", "busy", "absent"] as const;
type ShopTerminal = (typeof shopNames)[number];
export type Shop = Sandbox<ShopTerminal>;

/** A time at which shops close: in the morning, a close is that of the day before, and the page then shows the day that has begun. */
function tomorrowEvening(): Date {
  const at = new Date();
  at.setUTCDate(at.getUTCDate() + 1);
  at.setUTCHours(18, 0, 0, 0);
  return at;
}

/** Starts a sandbox with one store, in which one terminal works, one cannot reach its host, one takes a payment, and one is away. */
export async function openShop(): Promise<Shop> {
  const shop = await startSandbox({
    stores: [
      {
        store_id: "market",
        store_name: "Oslo Centre",
        address: { address_line: "Storgata 1", postal_code: "0155", postal_place: "Oslo", country: "NO" },
      },
    ],
    terminals: { good: {}, failing: { fault: "host_unreachable" }, busy: {}, absent: {} },
    clock: tomorrowEvening().toISOString(),
  });
  const { sandbox } = shop.client;
  for (const name of shopNames) await sandbox.purchase(shop.terminals[name], { amount: 12_900, tip: 900 });
  await sandbox.controlTerminal(shop.terminals.busy, { payment: true });
  await sandbox.controlTerminal(shop.terminals.absent, { link: "down" });
  return shop;
}

/** Invites a person to the shop's account, who accepts, and is signed in then. */
export async function visitorOf(
  browser: Browser,
  shop: Shop,
  role: "admin" | "operations" | "store",
): Promise<Visitor> {
  const { users } = shop.client;
  const user = await users.create({
    email: `${role}@kiosk.example`,
    name: "Kari Nordmann",
    role,
    ...(role === "store" && { stores: ["market"] }),
  });
  const { link } = await users.createLink(user.id, { purpose: "invitation" });
  return acceptInvitation(browser, link);
}

/** The address of a screen of the shop. */
export function screenOf({ accountId }: Shop, name: string): string {
  return `/${accountId}/stores/${accountId}-0001/${name}`;
}
