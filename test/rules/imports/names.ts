// What several rules allow.

export const NODE = /^node:/;
export const CONNECT = /^@connectrpc\/(connect|validate)(\/|$)/;
export const BUFBUILD = /^@bufbuild\/(protobuf|protovalidate)(\/|$)/;
export const OWN_CONTRACTS = /^gen\/(grpc|runrpc)\//;
/** What was most likely meant: for every room that refuses a name. */
export const CLOSEST = /^src\/runrpc\/(closest|option-names)\.ts$/;
/** Which settings have no effect: for the configuration, and for the server that a program starts. */
export const NEEDS = /^src\/runrpc\/unmet-need\.ts$/;
/** What a URL tells by itself: for every room that reads or shows one. */
export const URLS = /^src\/runrpc\/url\.ts$/;
/** The clock that threads share. */
export const LINE = /^src\/runrpc\/line\.ts$/;
export const MONOTONIC = /^src\/runrpc\/monotonic\.ts$/;
/** What reads JSON where it counts what a name is. */
export const JSON_READER = /^src\/runrpc\/parse-json\.ts$/;
/** What reads a file that people write, and that may be anything. */
export const TEXT_FILES = /^src\/runrpc\/read-text-file\.ts$/;
export const SERVER = /^src\/runrpc\/server\//;
/** What the room of codecs is asked for. */
export const CODECS =
  /^src\/runrpc\/codec\/(codecs|message-codec|writer|inexact|excess\/(binary|json|size-rules))\.ts$/;
