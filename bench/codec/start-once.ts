// Run by start.ts: loads the messages in a folder, `with` their codecs or `without`, and prints what that took.
import { createCodecs } from "../../src/runrpc/codec/codecs.ts";
import { codecsOf, fileOf } from "./many.ts";

const [gen = "", codecs = ""] = process.argv.slice(2);
const beginMs = performance.now();
const before = process.cpuUsage();
const { services } = await fileOf(gen);
const find = createCodecs(codecs === "with" ? await codecsOf(gen) : []);
for (const { input, output } of services.flatMap(({ methods }) => methods)) [input, output].forEach(find);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ wallMs: performance.now() - beginMs, cpuMs: (user + system) / 1_000 }));
