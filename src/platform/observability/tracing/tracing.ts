/** Traces of requests, jobs, deliveries and flights of statements. Absent if the service has no receiver for them. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Attributes have values of the contract or of the code. They contain no data of users, no addresses and no SQL values. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Traces the flights of a connection. */
export interface FlightTracing {
  /** The span to which the next flight belongs. */
  current(): unknown;
  /** Begins the span of a flight. @returns the function that ends it, with the error if the flight failed */
  begin(parent: unknown, statementNames: readonly string[]): (error?: unknown) => void;
}

export interface Tracing {
  readonly flights: FlightTracing;
  /** Runs the work of a request in a span, which continues the trace of the request's `traceparent`. */
  serve(request: IncomingMessage, response: ServerResponse, work: () => void): void;
  /** Runs work in a span, which ends with it. */
  run<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T>;
  /** The `traceparent` (W3C Trace Context) of the present span; null outside of spans. */
  traceparent(): string | null;
  /**
   * Like `run`, for a request to another server. `work` gets the headers to send, and returns the status of the answer.
   * @param cause the `traceparent` of the trace to continue; null: that of the present span
   */
  send<T extends { readonly status: number | null }>(
    name: string,
    cause: string | null,
    work: (headers: Readonly<Record<string, string>>) => Promise<T>,
  ): Promise<T>;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface TracingConfig {
  /** The address of the receiver (OTLP over HTTP), without `/v1/traces`. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** The share of traces that begin here and are recorded, from 0 to 1. */
  readonly ratio: number;
}
