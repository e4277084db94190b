// How a store is opened, for the rooms that use one: what kinds there are is this room's business.
export { openStore } from "./sqlite/open-store.ts";
export { type StoreOptions, storeDefaults } from "./sqlite/store-options.ts";
