/** How an operation of the contract says that it is deprecated: `x-deprecation`, beside `deprecated: true`. */
export interface Deprecation {
  /** The date from which on the operation is deprecated, in UTC: `2027-01-31`. */
  readonly date: string;
  /** The address of a page that says what to use instead. */
  readonly link: string;
  /** The date from which on the operation may no longer work, in UTC. */
  readonly sunset?: string;
}

const midnight = (date: string): Date => new Date(`${date}T00:00:00Z`);

/**
 * The headers of every response of a deprecated operation: `Deprecation` and `Link` (RFC 9745), and `Sunset` (RFC
 * 8594) if the operation has a date for it.
 */
export function deprecationHeaders({ date, link, sunset }: Deprecation): Readonly<Record<string, string>> {
  return {
    Deprecation: `@${midnight(date).getTime() / 1000}`,
    Link: `<${link}>; rel="deprecation"; type="text/html"`,
    ...(sunset !== undefined && { Sunset: midnight(sunset).toUTCString() }),
  };
}
