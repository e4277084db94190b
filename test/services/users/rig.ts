import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import { connectErrorFromDataError } from "runrpc";
import { contextOf } from "runrpc/testing";
import {
  CreateUserRequestSchema,
  ListUsersRequestSchema,
  UserService,
} from "../../../gen/users/v1/users_pb.ts";
import { createUserService } from "../../../src/services/users/service.ts";
import { openTestStore, type TestStore } from "../fixture.ts";

const { method } = UserService;

/** The service over a database of its own, and what its tests ask of it again and again. */
export interface UserRig extends AsyncDisposable {
  readonly db: TestStore;
  readonly service: ReturnType<typeof createUserService>;
  /** Makes a user through the service and gives the id. */
  createUser(email: string): Promise<string>;
  /** The ids of all users, page by page. */
  listAll(pageSize: number): Promise<string[]>;
}

export async function openUserRig(): Promise<UserRig> {
  const db = await openTestStore();
  const service = createUserService(db.queries.users, db.chore);
  return {
    db,
    service,
    async createUser(email) {
      const request = create(CreateUserRequestSchema, { email, displayName: "Ada" });
      const { user } = await service.createUser(request, contextOf(method.createUser));
      assert.ok(user?.id);
      return user.id;
    },
    async listAll(pageSize) {
      const ids: string[] = [];
      let pageToken = "";
      do {
        const request = create(ListUsersRequestSchema, { pageSize, pageToken });
        const page = await service.listUsers(request, contextOf(method.listUsers));
        assert.ok((page.users?.length ?? 0) <= pageSize);
        for (const user of page.users ?? []) ids.push(user.id ?? "");
        pageToken = page.nextPageToken ?? "";
      } while (pageToken !== "");
      return ids;
    },
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}

/** The code that a client would be told, or undefined where the work succeeds. */
export async function codeOf(work: Promise<unknown>): Promise<Code | undefined> {
  const reason = await work.then(
    () => undefined,
    (error: unknown) => connectErrorFromDataError(error) ?? error,
  );
  return reason instanceof ConnectError ? reason.code : undefined;
}
