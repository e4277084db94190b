import assert from "node:assert/strict";
import { it } from "node:test";
import { checkMethodName } from "../../../src/runrpc/scaffold/method-text.ts";
import { serviceNames } from "../../../src/runrpc/scaffold/service-names.ts";

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
  ]) {
    assert.throws(() => serviceNames(name), Error, name);
  }
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
