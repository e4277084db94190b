/** Names and values of headers or trailers, in the order of their arrival. */
export type Metadata = readonly (readonly [name: string, value: string])[];

/** What a call is made with, besides its request. */
export interface CallSettings {
  readonly headers: Metadata;
  /** Undefined: the method's own. */
  readonly timeoutMs: number | undefined;
  /** Has the server keep a report of the call by this name. Default: it keeps none. */
  readonly follow?: string;
}
