/** The part of a package.json that is read and written here. */
export interface Manifest {
  readonly [field: string]: unknown;
  readonly version: string;
  /** True for what npm must not publish as it is. */
  readonly private?: boolean;
}

/** What a package that depends on this one has a use for. Scripts and the tools of this repository are not. */
const published = [
  "name",
  "version",
  "description",
  "keywords",
  "license",
  "type",
  "engines",
  "bin",
  "exports",
  "dependencies",
  "peerDependencies",
  "peerDependenciesMeta",
];

/** What of the folder that is packed is in the package. This repository's own package.json names none: it is not published. */
const files = ["dist", "proto/runrpc", "proto/buf", "src/runrpc/launch.js", "CHANGELOG.md"];

/** The condition under which the exports lead to the sources of this repository. */
const ownCondition = "runrpc-source";

/**
 * The package.json of the published package. It brings no Node: a project says itself which it runs on, as the template
 * does.
 */
export function publishedManifest(own: Manifest, repository: string | undefined): Manifest {
  const fields = published.filter((field) => field in own).map((field) => [field, own[field]]);
  return {
    ...Object.fromEntries(fields),
    version: own.version,
    files,
    exports: withoutOwnCondition(own.exports),
    // For bundlers: all but the workers' main may be left out where nothing of it is used.
    sideEffects: ["./dist/src/runrpc/platform/worker.js"],
    ...repositoryField(repository),
  };
}

/** npm compares this with where a provenance statement says that a package was built. */
export function repositoryField(url: string | undefined): { readonly repository?: object } {
  return url === undefined ? {} : { repository: { type: "git", url: `git+${url}.git` } };
}

function withoutOwnCondition(exported: unknown): unknown {
  if (typeof exported !== "object" || exported === null) return exported;
  const others = Object.entries(exported).filter(([name]) => name !== ownCondition);
  return Object.fromEntries(others.map(([name, value]) => [name, withoutOwnCondition(value)]));
}
