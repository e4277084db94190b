import { COST } from "./budget.ts";
import type { Core } from "./core.ts";
import { ConnectionError, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from "./errors.ts";
import { ACK, MAX_FRAME_BYTES, SETTINGS } from "./frames.ts";

// RFC 9113, 6.5.2
const HEADER_TABLE_SIZE = 1;
const ENABLE_PUSH = 2;
const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;
const MAX_HEADER_LIST_SIZE = 6;

const SETTING_BYTES = 6;
const GREATEST_FRAME_SIZE = 16_777_215;

/** Our side of the preface (RFC 9113, 3.4), and the window of the connection. */
export function writeSettings(core: Core): void {
  const { maxConcurrentStreams, streamWindowBytes, maxHeaderBytes } = core.options;
  const settings = [
    [MAX_CONCURRENT_STREAMS, maxConcurrentStreams],
    [INITIAL_WINDOW_SIZE, streamWindowBytes],
    [MAX_HEADER_LIST_SIZE, maxHeaderBytes],
  ] as const;
  let at = core.outbox.frame(SETTINGS, 0, 0, SETTING_BYTES * settings.length);
  const out = core.outbox.room(0);
  for (const [name, value] of settings) {
    out.writeUInt16BE(name, at);
    out.writeUInt32BE(value, at + 2);
    at += SETTING_BYTES;
  }
  const given = core.window.grow();
  if (given > 0) core.growPeerWindow(0, given);
}

/** Takes the peer's settings, or its acknowledgement of ours. */
export function receiveSettings(
  core: Core,
  flags: number,
  id: number,
  bytes: Buffer,
  at: number,
  size: number,
): void {
  if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, `SETTINGS on stream ${id}`);
  core.budget.spend(COST.frame);
  if ((flags & ACK) !== 0) {
    if (size !== 0)
      throw new ConnectionError(FRAME_SIZE_ERROR, "an acknowledgement of SETTINGS with settings");
    core.isAcknowledged = true;
    return;
  }
  if (size % SETTING_BYTES !== 0) throw new ConnectionError(FRAME_SIZE_ERROR, `SETTINGS of ${size} bytes`);
  core.hasPeerSettings = true;
  for (let place = at; place < at + size; place += SETTING_BYTES)
    apply(core, bytes.readUInt16BE(place), bytes.readUInt32BE(place + 2));
  core.outbox.frame(SETTINGS, ACK, 0, 0);
  core.sender.takeTurns();
}

function apply(core: Core, name: number, value: number): void {
  switch (name) {
    case HEADER_TABLE_SIZE:
      core.encoder.resize(value);
      return;
    case ENABLE_PUSH:
      if (value > 1) throw new ConnectionError(PROTOCOL_ERROR, `ENABLE_PUSH of ${value}`);
      return;
    case INITIAL_WINDOW_SIZE: {
      // Each costs us a look at every open stream.
      core.budget.spend(COST.frame);
      if (!core.sender.setInitialWindow(value, core.streams.values()))
        throw new ConnectionError(FLOW_CONTROL_ERROR, `INITIAL_WINDOW_SIZE of ${value}`);
      return;
    }
    case MAX_FRAME_SIZE:
      if (value < MAX_FRAME_BYTES || value > GREATEST_FRAME_SIZE)
        throw new ConnectionError(PROTOCOL_ERROR, `MAX_FRAME_SIZE of ${value}`);
  }
}
