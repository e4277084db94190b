/** What Prometheus does with a family's samples. */
export type FamilyType = "counter" | "gauge" | "histogram";

/** Labels as they stand between the braces, such as `rpc_method="users.v1.UserService/GetUser"`; made by `labelsOf`. */
export type Labels = string;

/**
 * Writes metrics in Prometheus' text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * A family is begun by `family`, and its samples follow. The names and labels of a family are those of its samples: whoever
 * writes them sees to it that no two samples have the same.
 */
export class Exposition {
  #text = "";
  #name = "";

  /** @param help one line, which is escaped */
  family(name: string, type: FamilyType, help: string): void {
    this.#name = name;
    this.#text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  }

  sample(value: number, labels: Labels = ""): void {
    this.#line(this.#name, labels, value);
  }

  /** A family of one sample. */
  one(name: string, type: "counter" | "gauge", help: string, value: number): void {
    this.family(name, type, help);
    this.sample(value);
  }

  /**
   * The samples of one histogram.
   *
   * @param bounds the upper bounds of the buckets, rising, without the last one, which has none
   * @param counts how many observations fell into each bucket and into none before it; one more than `bounds`
   */
  histogram(bounds: readonly number[], counts: ArrayLike<number>, sum: number, labels: Labels = ""): void {
    const before = labels === "" ? "" : `${labels},`;
    let count = 0;
    for (let bucket = 0; bucket < bounds.length; bucket++) {
      count += counts[bucket] ?? 0;
      this.#line(`${this.#name}_bucket`, `${before}le="${numberText(bounds[bucket] ?? 0)}"`, count);
    }
    count += counts[bounds.length] ?? 0;
    this.#line(`${this.#name}_bucket`, `${before}le="+Inf"`, count);
    this.#line(`${this.#name}_sum`, labels, sum);
    this.#line(`${this.#name}_count`, labels, count);
  }

  toString(): string {
    return this.#text;
  }

  #line(name: string, labels: Labels, value: number): void {
    this.#text +=
      labels === "" ? `${name} ${numberText(value)}\n` : `${name}{${labels}} ${numberText(value)}\n`;
  }
}

/** Labels, with their values escaped. The names are the caller's: `[a-zA-Z_][a-zA-Z0-9_]*`. */
export function labelsOf(values: Readonly<Record<string, string>>): Labels {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(",");
}

function escapeValue(value: string): string {
  return value.replace(/[\\"\n]/g, (sign) => (sign === "\n" ? "\\n" : `\\${sign}`)).toWellFormed();
}

function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, (sign) => (sign === "\n" ? "\\n" : "\\\\"));
}

/** As Go's ParseFloat reads it. */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
