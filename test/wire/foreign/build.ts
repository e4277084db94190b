// Builds every client that is not ours: .ci/tools does so before the clock of a test runs.
import { foreignClients } from "./clients.ts";

for (const { name, skip, build } of foreignClients) {
  if (skip === false) await build();
  else console.log(`${name} is left out: ${skip}`);
}
