/**
 * What a generated codec throws at whatever is irregular: a wrong wire type, a value of another type, text that is no
 * UTF-8. It never leaves this room: protobuf-es is asked instead, so that results and errors are its own. One value for
 * all, because an error with a stack costs more than most messages.
 */
export const BAIL: unknown = Object.freeze(new Error("irregular: protobuf-es is the judge"));
