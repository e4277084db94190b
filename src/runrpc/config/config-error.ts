/** A configuration that cannot be used. Its message has one line for each problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** Each names the value, where it stands, and what would be right. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}
