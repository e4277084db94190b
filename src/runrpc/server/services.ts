import type { LifecycleStart, ServiceDefinition, ThreadStats } from "./routes/service.ts";
import type { ServerWatch } from "./watch.ts";

/** Has the services that have something to start do so. */
export async function startServices(
  services: readonly ServiceDefinition[],
  start: LifecycleStart,
): Promise<void> {
  await Promise.all(services.map(({ lifecycle }) => lifecycle?.start(start)));
}

/** Ends what they have started. */
export async function closeServices(services: readonly ServiceDefinition[]): Promise<void> {
  await Promise.all(services.map(({ lifecycle }) => lifecycle?.close()));
}

/** What their threads do, by the name of the service. */
export function threadsOf(services: readonly ServiceDefinition[]): Readonly<Record<string, ThreadStats>> {
  return Object.fromEntries(
    services.flatMap(({ service, lifecycle }) =>
      lifecycle?.threads === undefined ? [] : [[service.typeName, lifecycle.threads()]],
    ),
  );
}

/** The services as whoever looks on sees them. */
export function watched(
  services: readonly ServiceDefinition[],
  watch: ServerWatch | undefined,
): readonly ServiceDefinition[] {
  return watch === undefined ? services : services.map((definition) => watch.around(definition));
}
