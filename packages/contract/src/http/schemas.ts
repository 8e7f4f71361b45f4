import type { TSchema } from "typebox";
import { ErrorDetail } from "./errors.ts";
import { StoreConfiguration, StoreConfigurationPatch } from "./store-configuration.ts";
import {
  Address,
  Coordinates,
  Organization,
  Store,
  StoreCreate,
  StoreList,
  StoreListItem,
  StoreStatus,
} from "./stores.ts";

/** The schemas that have a name in the OpenAPI document, and so in clients that are made from it. */
export const namedSchemas: Readonly<Record<string, TSchema>> = {
  Address,
  Coordinates,
  ErrorDetail,
  Organization,
  Store,
  StoreConfiguration,
  StoreConfigurationPatch,
  StoreCreate,
  StoreList,
  StoreListItem,
  StoreStatus,
};
