/** What a testee has read and written of the binary format, in messages. */
export interface Tally {
  read: number;
  written: number;
  /** What the generated codecs did without protobuf-es. */
  readByUs: number;
  writtenByUs: number;
}
