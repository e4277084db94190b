// `runrpc/testing`: what an application's tests import. Real parts throughout: a real server on a free port, a real
// database file, a real key; in memory, the same handlers behind the same checks without a port.
export { createTestClock, type TestClock } from "./testing/clock.ts";
export { type CallerOptions, contextOf } from "./testing/context.ts";
export { startMemoryApp } from "./testing/memory-app.ts";
export { collect, createRequestStream, type RequestStream, take, takeThenCancel } from "./testing/streams.ts";
export { startTestApp, type TestApp, type TestAppOptions } from "./testing/test-app.ts";
export type { TestCaller, TestKeyOptions } from "./testing/test-caller.ts";
export type { TestDatabaseOptions } from "./testing/test-database.ts";
export { openTestStore, type TestStore } from "./testing/test-store.ts";
