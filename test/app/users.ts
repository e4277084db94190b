import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { pageTokenFromPosition, positionFromPageToken, type ServiceImpl } from "runrpc";
import type { UpdateUserRequest, UserSchema, UserService } from "../gen/rig/users/v1/users_pb.ts";
import type { RigQueries, UserRow } from "./queries.ts";

/** Users that a stream holds at a time. */
const streamPageSize = 500;

/** The users, as rig/users/v1 describes them. */
export function createUserService(queries: RigQueries): ServiceImpl<typeof UserService> {
  return {
    async getUser({ id }, { signal }) {
      return { user: userFromRow(await queries.getUser({ id }, { signal })) };
    },

    async listUsers({ pageSize, pageToken }, { signal }) {
      const limit = pageSize === 0 ? 50 : pageSize;
      const [afterSeq = 0] = positionFromPageToken("users", pageToken, 1) ?? [];
      const rows = await queries.listUsers({ afterSeq, limit }, { signal });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return {
        users: rows.map(userFromRow),
        nextPageToken: last === undefined ? "" : pageTokenFromPosition("users", [last.seq]),
      };
    },

    async createUser({ email, displayName }, { signal }) {
      const user = { id: randomUUID(), email, displayName, at: new Date() };
      return { user: userFromRow(await queries.createUser(user, { signal })) };
    },

    async updateUser(request, { signal }) {
      const update = { id: request.id, change: changeFrom(request), at: new Date() };
      return { user: userFromRow(await queries.updateUser(update, { signal })) };
    },

    async *streamUsers({ limit }, { signal }) {
      let left = limit === 0 ? Number.POSITIVE_INFINITY : limit;
      for (let afterSeq = 0; left > 0; ) {
        const pageSize = Math.min(left, streamPageSize);
        const rows = await queries.listUsers({ afterSeq, limit: pageSize }, { signal });
        for (const row of rows) {
          signal.throwIfAborted();
          yield { user: userFromRow(row) };
        }
        if (rows.length < pageSize) return;
        afterSeq = rows.at(-1)?.seq ?? afterSeq;
        left -= rows.length;
      }
    },
  };
}

function userFromRow({ id, email, displayName, ...row }: UserRow): MessageInitShape<typeof UserSchema> {
  const [createTime, updateTime] = [row.createTime, row.updateTime].map(timestampFromDate);
  return { id, email, displayName, createTime, updateTime };
}

function changeFrom({ email, displayName, updateMask }: UpdateUserRequest): Partial<UserRow> {
  const change: { email?: string; displayName?: string } = {};
  for (const path of updateMask?.paths ?? []) {
    if (path === "email") change.email = email;
    else if (path === "display_name") change.displayName = displayName;
    else {
      const message = `update_mask path ${JSON.stringify(path)} is not one of: email, display_name`;
      throw new ConnectError(message, Code.InvalidArgument);
    }
  }
  return change;
}
