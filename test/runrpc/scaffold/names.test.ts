import assert from "node:assert/strict";
import { it } from "node:test";
import { getTableName } from "drizzle-orm";
import * as schema from "../../../src/runrpc/platform/schema.ts";
import { checkMethodName, suggestedScope } from "../../../src/runrpc/scaffold/method-text.ts";
import { platformTables, serviceNames } from "../../../src/runrpc/scaffold/service-names.ts";
import { serviceText } from "../../../src/runrpc/scaffold/templates/service.ts";

const derived = [
  ["parcels.v1.ParcelService", "parcels/v1/parcels.proto", "Parcel", "Parcels", "parcel", "parcels"],
  [
    "shop.orders.v2beta1.PurchaseOrderService",
    "shop/orders/v2beta1/orders.proto",
    "PurchaseOrder",
    "PurchaseOrders",
    "purchaseOrder",
    "purchaseOrders",
  ],
  [
    "inventory.v1.CategoryService",
    "inventory/v1/inventory.proto",
    "Category",
    "Categories",
    "category",
    "categories",
  ],
  ["boxes.v1.BoxesService", "boxes/v1/boxes.proto", "Box", "Boxes", "box", "boxes"],
  ["state.v1.StatusService", "state/v1/state.proto", "Status", "Statuses", "status", "statuses"],
  ["links.v1.URLService", "links/v1/links.proto", "URL", "URLs", "url", "urls"],
] as const;

for (const [full, protoFile, One, Many, one, many] of derived) {
  it(`what belongs to ${full} is named after it`, () => {
    const names = serviceNames(full);
    assert.deepEqual(
      [names.protoFile, names.One, names.Many, names.one, names.many],
      [protoFile, One, Many, one, many],
    );
  });
}

for (const [odd, right] of [
  ["Parcel", "parcels.v1.ParcelService"],
  ["ParcelService", "parcels.v1.ParcelService"],
  ["parcels.ParcelService", "parcels.v1.ParcelService"],
  ["parcels.v1.Parcel", "parcels.v1.ParcelService"],
  ["Parcels.V1.parcelService", "parcels.v1.ParcelService"],
  ["parcels/v1/parcels", "parcels.v1.ParcelService"],
  ["parcels.v1.ParcelService/Track", "parcels.parcel_service.v1.TrackService"],
  ["", "parcels.v1.ParcelService"],
  ["../../etc.v1.PasswdService", "etc.v1.PasswdService"],
] as const) {
  it(`${JSON.stringify(odd)} is refused, and ${right} is shown`, () => {
    assert.throws(
      () => serviceNames(odd),
      (error: Error) => error.message.endsWith(`such as ${right}`),
    );
  });
}

it("packages of others, and what no field can be called, are refused", () => {
  for (const name of [
    "runrpc.v1.ParcelService",
    "google.parcels.v1.ParcelService",
    "grpc.v1.HealthService",
    "parcels.v1.ConstructorService",
    "class.v1.ParcelService",
    "to_string.v1.ParcelService",
    "then.v1.ParcelService",
    // What it keeps would be called `arguments`, or `implements`.
    "talks.v1.ArgumentService",
    "tools.v1.ImplementService",
  ]) {
    assert.throws(() => serviceNames(name), Error, name);
  }
});

it("tables of the package's own, and names that SQLite keeps for itself, are refused", () => {
  const tables = Object.values(schema).map((table) => getTableName(table));
  assert.deepEqual([...platformTables].sort(), tables.sort());
  for (const [name, table] of [
    ["doors.v1.KeyService", "keys"],
    ["files.v1.SqliteFileService", "sqlite_files"],
  ] as const)
    assert.throws(() => serviceNames(name), new RegExp(`a table ${table}, which is taken`));
});

it("a message called as something that its file names is imported by another name", () => {
  const places = { gen: "../../../gen/", extension: ".ts" };
  for (const One of ["Answer", "Date"]) {
    const text = serviceText(serviceNames(`things.v1.${One}Service`), places);
    assert.match(text, new RegExp(`import type { ${One} as ${One}Message, ${One}Service } from`));
    assert.match(text, new RegExp(`: Answer<${One}Message> {`));
  }
});

it("a new method asks for the scope that its service and its name suggest", () => {
  for (const [service, method, scope] of [
    ["parcels.v1.ParcelService", "GetParcel", "parcels.read"],
    ["shop.orders.v1.OrderService", "Getaway", "orders.write"],
    ["parcels.ParcelService", "Watch", "parcels.read"],
    ["PurchaseOrderService", "Ship", "purchase_order.write"],
    ["Service", "Ship", "service.write"],
  ] as const)
    assert.equal(suggestedScope(service, method), scope);
});

it("a method's name begins with a capital, and the right form is shown", () => {
  checkMethodName("Track");
  for (const [odd, right] of [
    ["track", "Track"],
    ["track_parcel", "TrackParcel"],
    ["trackParcel", "TrackParcel"],
    ["Track Parcel", "TrackParcel"],
    ["1st", "Track"],
    ["", "Track"],
  ] as const) {
    assert.throws(() => checkMethodName(odd), new RegExp(`write it as ${right}$`), odd);
  }
});
