/** The whole field, as HPACK has it, in bytes. */
export const DATE_FIELD_BYTES = 32;

/** The number of `date` in HPACK's static table (RFC 7541, appendix A), in a literal that is not indexed (6.2.2). */
const NAME = [0x0f, 33 - 0x0f] as const;

/**
 * The `date` of responses (RFC 9110, 6.6.1). It is another one each second, so that it never goes into the table of a
 * connection: the field is made once in a second, and copied. A class, because it holds that.
 */
export class DateField {
  readonly #now: () => number;
  readonly #field = Buffer.alloc(DATE_FIELD_BYTES);
  #second = Number.NaN;

  /** @param now the system's clock, in milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Writes the field, and gives the place after it. */
  write(out: Buffer, at: number): number {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) this.#renew(second);
    out.set(this.#field, at);
    return at + DATE_FIELD_BYTES;
  }

  #renew(second: number): void {
    this.#second = second;
    // Such a date always has the same length (RFC 9110, 5.6.7).
    const text = new Date(second * 1000).toUTCString();
    this.#field.set([...NAME, text.length]);
    this.#field.latin1Write(text, NAME.length + 1);
  }
}
