// Services of the server's own that the page asks, and other clients can.

export const MONITOR = "runrpc.monitor.v1.MonitorService";

/** Served in debug mode. */
export const DEBUG = "runrpc.monitor.v1.DebugService";
