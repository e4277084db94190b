import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, createFileRegistry, type DescMethod, setExtension } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MethodOptionsSchema, ServiceOptionsSchema } from "@bufbuild/protobuf/wkt";
import {
  method as methodOption,
  PolicySchema,
  service as serviceOption,
} from "../../../../gen/runrpc/options/v1/options_pb.ts";
import { policyOf } from "../../../../src/runrpc/server/routes/policy.ts";
import { EventService } from "../../../gen/rig/events/v1/events_pb.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";

type Init = MessageInitShape<typeof PolicySchema>;

const defaults = { unaryDeadlineMs: 60_000, maxDeadlineMs: 3_600_000, maxRequestBytes: 1024 };

/** A method whose service and own options are these. */
function methodWith(service: Init | undefined, method: Init | undefined): DescMethod {
  const methodOptions = create(MethodOptionsSchema);
  if (method !== undefined) setExtension(methodOptions, methodOption, create(PolicySchema, method));
  const serviceOptions = create(ServiceOptionsSchema);
  if (service !== undefined) setExtension(serviceOptions, serviceOption, create(PolicySchema, service));
  const rpc = { name: "Do", inputType: ".t.M", outputType: ".t.M", options: methodOptions };
  const file = create(FileDescriptorProtoSchema, {
    name: "t.proto",
    package: "t",
    syntax: "proto3",
    messageType: [{ name: "M" }],
    service: [{ name: "S", method: [rpc], options: serviceOptions }],
  });
  const found = createFileRegistry(file, () => undefined).getService("t.S")?.methods[0];
  assert.ok(found);
  return found;
}

describe("policyOf", () => {
  it("without options, everything is the server's default, and a key is needed", () => {
    assert.deepEqual(policyOf(methodWith(undefined, undefined), defaults), {
      isPublic: false,
      scopes: [],
      defaultDeadlineMs: 60_000,
      maxDeadlineMs: 3_600_000,
      maxRequestBytes: 1024,
    });
  });

  it("the service's options hold for its methods", () => {
    const method = methodWith({ public: true, maxRequestBytes: 7 }, undefined);
    const { isPublic, maxRequestBytes } = policyOf(method, defaults);
    assert.deepEqual({ isPublic, maxRequestBytes }, { isPublic: true, maxRequestBytes: 7 });
  });

  it("the method's options win, field by field", () => {
    const method = methodWith(
      { public: true, scopes: ["a"], maxDeadlineMs: 5 },
      { public: false, scopes: ["b"] },
    );
    const { isPublic, scopes, maxDeadlineMs } = policyOf(method, defaults);
    assert.deepEqual(
      { isPublic, scopes, maxDeadlineMs },
      { isPublic: false, scopes: ["b"], maxDeadlineMs: 5 },
    );
  });

  it("a public method that asks for a scope is refused, unless the scope is its service's and it is public itself", () => {
    const open: Init = { public: true };
    const asking: Init = { scopes: ["admin"] };
    const refused: readonly (readonly [Init | undefined, Init | undefined])[] = [
      [open, asking],
      [{ ...open, ...asking }, undefined],
      [{ ...open, ...asking }, { maxDeadlineMs: 5 }],
      [undefined, { ...open, ...asking }],
      [asking, { public: true, scopes: ["users.read"] }],
    ];
    for (const [service, method] of refused) {
      assert.throws(() => policyOf(methodWith(service, method), defaults), {
        message:
          /^t\.S\.Do is public and asks for the scope (admin|users\.read), which nobody would be held to: /,
      });
    }
    assert.equal(policyOf(methodWith(asking, open), defaults).isPublic, true);
    assert.equal(policyOf(methodWith(open, { ...asking, public: false }), defaults).isPublic, false);
    // Said in code, of a contract that is somebody else's.
    assert.equal(policyOf(methodWith(open, asking), defaults, { isPublic: false }).isPublic, false);
    assert.equal(policyOf(methodWith(undefined, asking), defaults, { isPublic: true }).isPublic, true);
  });

  it("a deadline of 0 is kept, and means none", () => {
    assert.equal(policyOf(methodWith(undefined, { defaultDeadlineMs: 0 }), defaults).defaultDeadlineMs, 0);
  });

  it("a stream has no default deadline", () => {
    assert.equal(policyOf(EventService.method.streamEvents, defaults).defaultDeadlineMs, 0);
  });

  it("reads what the examples say", () => {
    assert.deepEqual(policyOf(UserService.method.getUser, defaults).scopes, ["users.read"]);
  });

  it("what a definition says wins over all, for contracts that cannot carry options", () => {
    assert.equal(
      policyOf(methodWith({ public: false }, undefined), defaults, { isPublic: true }).isPublic,
      true,
    );
  });
});
