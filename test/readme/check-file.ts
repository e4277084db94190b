import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { parseAllDocuments } from "yaml";

/** Checks what no tool of the tests does: that YAML is YAML, and that a container file has sense in this tree. */
export function checkFile(root: string, file: string, text: string): void {
  if (/\.ya?ml$/.test(file)) checkYaml(text);
  if (basename(file) === "Containerfile") checkContainerFile(root, text);
}

function checkYaml(text: string): void {
  for (const document of parseAllDocuments(text)) {
    assert.deepEqual(document.errors, []);
    assert.equal(typeof document.toJS(), "object");
  }
}

const instructions = /^(FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|HEALTHCHECK|CMD) \S/;

function checkContainerFile(root: string, text: string): void {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of lines) {
    assert.match(line, instructions);
    const list = /^(?:HEALTHCHECK )?CMD (\[.*\])$/.exec(line)?.[1];
    if (list !== undefined) assert.ok(JSON.parse(list).every((part: unknown) => typeof part === "string"));
    const sources = /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1]?.split(" ") ?? [];
    for (const source of sources) assert.ok(existsSync(join(root, source)), `there is no ${source}`);
  }
}
