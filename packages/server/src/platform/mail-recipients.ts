import { mailAddressFault, mailKey } from "./mail-address.ts";

interface Recipient {
  address: string;
}

/** The faults of a list of recipients, by their paths in the body. */
export function recipientFaults(list: readonly Recipient[], path: string): { path: string; message: string }[] {
  const keys = new Set<string>();
  return list.flatMap(({ address }, index) => {
    const place = `${path}/${index}/address`;
    const fault = mailAddressFault(address);
    if (fault !== undefined) return [{ path: place, message: fault }];
    const key = mailKey(address);
    if (keys.has(key)) return [{ path: place, message: "comes twice" }];
    keys.add(key);
    return [];
  });
}
