import type { StoreCreate } from "@tillkeeper/contract/http/stores";

/** Content of a new sandbox: three stores, and the last three digits of their virtual terminals' serial numbers. */
export const firstStores: readonly { store: StoreCreate & { store_id: string }; terminals: readonly string[] }[] = [
  {
    store: {
      store_id: "oslo-center",
      store_name: "Oslo Sentrum",
      address: { address_line: "Storgata 1", postal_code: "0155", postal_place: "Oslo", country: "NO" },
      coordinates: { latitude: 59.9127, longitude: 10.7461 },
      phone_number: "+4722000001",
    },
    terminals: ["001", "002"],
  },
  {
    store: {
      store_id: "bergen-harbour",
      store_name: "Bergen Havn",
      address: { address_line: "Bryggen 2", postal_code: "5003", postal_place: "Bergen", country: "NO" },
      coordinates: { latitude: 60.3975, longitude: 5.3245 },
      phone_number: "+4755000002",
    },
    terminals: ["003"],
  },
  {
    // Its terminals misbehave on purpose: 901 never answers, 904 reports a failure (docs/virtual-terminals.md).
    store: {
      store_id: "trouble",
      store_name: "Trouble Corner",
      address: { address_line: "Kongens gate 3", postal_code: "7011", postal_place: "Trondheim", country: "NO" },
      phone_number: "+4773000003",
    },
    terminals: ["901", "904"],
  },
];
