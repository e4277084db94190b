import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import {
  type CreateKeyRequest,
  type Key,
  KeySchema,
  type RotateKeyRequest,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import type { KeyAdmin, KeyInfo } from "../platform/keys/admin.ts";
import { coversScope, requirePrincipal } from "../server/auth/principal.ts";
import { dateFromTimestamp } from "../values/times.ts";

/** A key as clients are told of it. */
export function keyFromInfo(info: KeyInfo): Key {
  const { keyId, subject, subjectName = "", name, scopes, loopbackOnly, useCount, fault = "" } = info;
  const { createdAt, expiresAt, revokedAt, lastUsedAt, callsPerSecond, maxConcurrentCalls } = info;
  return create(KeySchema, {
    keyId,
    subject,
    subjectName,
    name,
    scopes: [...scopes],
    ...(createdAt === undefined ? {} : { createTime: timestampFromDate(createdAt) }),
    ...(expiresAt === undefined ? {} : { expireTime: timestampFromDate(expiresAt) }),
    ...(revokedAt === undefined ? {} : { revokeTime: timestampFromDate(revokedAt) }),
    ...(lastUsedAt === undefined ? {} : { lastUseTime: timestampFromDate(lastUsedAt) }),
    useCount: BigInt(useCount),
    loopbackOnly,
    ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
    ...(maxConcurrentCalls === undefined ? {} : { maxConcurrentCalls }),
    fault,
  });
}

/** @throws ConnectError `permission_denied` for a scope that the caller does not have itself */
export async function createKey(keys: KeyAdmin, request: CreateKeyRequest, context: HandlerContext) {
  checkScopes(request.scopes, context);
  const { user, name, scopes, expireTime, callsPerSecond, maxConcurrentCalls } = request;
  const issued = await keys.create({
    user,
    name,
    scopes,
    expiresAt: expireTime === undefined ? undefined : dateFromTimestamp("expire_time", expireTime),
    callsPerSecond,
    maxConcurrentCalls,
  });
  return { key: keyFromInfo(issued), secret: issued.key };
}

/** @throws ConnectError as `createKey` does: who rotates a key learns one with its scopes */
export async function rotateKey(keys: KeyAdmin, request: RotateKeyRequest, context: HandlerContext) {
  const { keyId, graceMs } = request;
  const known = (await keys.list()).find((key) => key.keyId === keyId);
  if (known !== undefined) checkScopes(known.scopes, context);
  const issued = await keys.rotate(keyId, { graceMs });
  return { key: keyFromInfo(issued), secret: issued.key };
}

/** A key whose holder could make itself a mightier one would be that one. */
function checkScopes(wanted: readonly string[], context: HandlerContext): void {
  const { keyId, scopes } = requirePrincipal(context);
  const missing = wanted.find((scope) => !coversScope(scopes, scope));
  if (missing !== undefined)
    throw new ConnectError(
      `${keyId} lacks the scope ${missing}, and gives it to no other`,
      Code.PermissionDenied,
    );
}
