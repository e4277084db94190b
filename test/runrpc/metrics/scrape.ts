import assert from "node:assert/strict";

/** What a scrape has found: the value of each sample, by its name and labels as they are written. */
export type Samples = ReadonlyMap<string, number>;

/** Reads the text format, and holds it to what every line of it must be. */
export function samplesOf(text: string): Samples {
  const samples = new Map<string, number>();
  assert.ok(text.endsWith("\n"), "the last line has no end");
  for (const line of text.slice(0, -1).split("\n")) {
    if (line.startsWith("# ")) continue;
    const [, sample = "", value = ""] = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    assert.notEqual(sample, "", `no sample: ${line}`);
    assert.ok(!samples.has(sample), `twice: ${sample}`);
    samples.set(sample, value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value));
  }
  return samples;
}

/** Reads the metrics of a server. */
export async function scrape(baseUrl: string, headers: Record<string, string> = {}): Promise<Samples> {
  const response = await fetch(`${baseUrl}/metrics`, { headers });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return samplesOf(text);
}

/** The sum of a metric's samples that have all of these labels. */
export function sumOf(samples: Samples, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const [sample, value] of samples)
    if (sample.split("{")[0] === name && wanted.every((label) => sample.includes(label))) sum += value;
  return sum;
}

/** How many samples of a metric have all of these labels. */
export function countOf(
  samples: Samples,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return [...samples.keys()].filter(
    (sample) => sample.split("{")[0] === name && wanted.every((label) => sample.includes(label)),
  ).length;
}

/** Scrapes until `isThere`; what was missing is told by its name when the test's time is over. */
export async function scrapeUntil(
  baseUrl: string,
  what: string,
  isThere: (samples: Samples) => boolean,
): Promise<Samples> {
  const giveUpAtMs = performance.now() + 30_000;
  for (;;) {
    const samples = await scrape(baseUrl);
    if (isThere(samples)) return samples;
    assert.ok(performance.now() < giveUpAtMs, `after 30 s of scrapes there is still not ${what}`);
    await new Promise(setImmediate);
  }
}
