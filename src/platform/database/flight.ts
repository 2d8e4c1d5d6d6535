/**
 * Flights: the statements that are sent together on a connection, as one packet with one Sync message at its end
 * (PostgreSQL, "Extended Query"). What a request costs is the number of packets, not the number of statements.
 *
 * Postgres runs the statements of a flight in order. If one fails, Postgres skips the others.
 */
import type { Socket } from 'node:net';
import * as pg from 'pg';
import { DatabaseError, type QueryConfig, type QueryResult, type QueryResultRow, type types } from 'pg';
import { serialize } from 'pg-protocol';
import type { FlightTracing } from '../observability/tracing/tracing';
import { breaksConnection, isReadOnly } from './errors';
import type { Connection } from './pool';

/** A statement for node-postgres. If it has a `name`, each connection prepares it once. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
  /** Milliseconds to wait for its result, if longer than the pool's timeout. */
  readonly query_timeout?: number;
}

// Not in the types of node-postgres.
const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils;

type Result = Pick<QueryResult, 'rows' | 'rowCount' | 'command'>;

/** A statement that waits for its result. */
interface Pending {
  readonly statement: Statement;
  settle(error: unknown, result?: Result): void;
}

/** Turns the fields of a row, as text, into values. */
interface Columns {
  readonly names: readonly string[];
  readonly parsers: readonly ((text: string) => unknown)[];
  /** A row of nulls. Its copies have room for all columns; a row that grows by one column at a time makes garbage. */
  readonly emptyRow: Readonly<Record<string, unknown>>;
}

interface RowDescription {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** The parts of a node-postgres client that its type does not show. */
interface Wire {
  readonly connection: {
    readonly stream: Socket;
    on(event: 'parseComplete', listener: () => void): void;
  };
  getTypeParser: typeof types.getTypeParser;
}

// A statement that Postgres skipped gets the SQLSTATE that it would have in a failed transaction.
const skipped = (cause: unknown) =>
  Object.assign(new Error('The statement was skipped: an earlier one of its flight failed.', { cause }), {
    code: '25P02',
  });

/** Whether an error is that of a statement. Otherwise the session has ended, and nothing of the flight remains. */
const isOfStatement = (error: unknown) =>
  error instanceof DatabaseError && (!breaksConnection(error) || isReadOnly(error));

/** What a connection remembers. */
interface Session {
  readonly client: Wire;
  /** The prepared statements by name, with their columns once these are known. */
  readonly prepared: Map<string, Columns | undefined>;
  /**
   * The names of statements that were sent, but that Postgres skipped or refused. PgBouncer (1.21 and later) knows these
   * names, and closes a connection that uses one for a second time without closing the statement.
   */
  readonly unprepared: Set<string>;
}

const noValues: readonly unknown[] = [];
const noColumns: Columns = { names: [], parsers: [], emptyRow: {} };

/** Appends the messages of one statement. Throws if a value cannot be written. */
function write(
  packet: Buffer[],
  name = '',
  { text, values = noValues }: Statement,
  isParsed: boolean,
  isDescribed: boolean,
): void {
  if (!isParsed) packet.push(serialize.parse({ name, text }));
  if (!isDescribed) packet.push(serialize.describe({ type: 'S', name }));
  packet.push(
    serialize.bind({ statement: name, values: values as unknown[], valueMapper: prepareValue }),
    serialize.execute(),
  );
}

/** One flight, as node-postgres runs it in place of a query of its own. */
class Flight {
  /** node-postgres replaces it, to stop its timer. */
  callback: () => void = () => undefined;
  readonly query_timeout: number | undefined;
  private readonly toParse: string[] = [];
  private readonly results: Result[] = [];
  private columns: Columns | undefined;
  private rows: unknown[] = [];
  private failure: unknown;
  private isSent = false;
  private isEnded = false;

  constructor(
    private readonly session: Session,
    readonly pending: readonly Pending[],
    private readonly isNamed: boolean,
    private readonly ended: (error?: unknown) => void,
  ) {
    this.query_timeout = pending.reduce<number | undefined>(
      (longest, { statement: { query_timeout: each } }) =>
        each !== undefined && (longest === undefined || each > longest) ? each : longest,
      undefined,
    );
  }

  get statements(): readonly Statement[] {
    return this.pending.map(({ statement }) => statement);
  }

  /** node-postgres calls it when the connection is free. An error that it returns ends the flight. */
  submit(): Error | null {
    const { prepared, unprepared, client } = this.session;
    const packet: Buffer[] = [];
    try {
      for (const { statement } of this.pending) {
        const name = this.nameOf(statement);
        const isNew = name !== undefined && !this.toParse.includes(name);
        const isParsed = name !== undefined && (prepared.has(name) || !isNew);
        const isDescribed = name !== undefined && (prepared.get(name) !== undefined || !isNew);
        if (!isParsed) this.toParse.push(name ?? '');
        if (!isParsed && name !== undefined && unprepared.has(name)) {
          packet.push(serialize.close({ type: 'S', name }));
        }
        write(packet, name, statement, isParsed, isDescribed);
      }
    } catch (error) {
      // Nothing is sent, so that the connection stays usable.
      this.toParse.length = 0;
      return error as Error;
    }
    packet.push(serialize.sync());
    this.isSent = true;
    client.connection.stream.write(Buffer.concat(packet));
    return null;
  }

  private nameOf({ name }: Statement): string | undefined {
    return this.isNamed ? name : undefined;
  }

  /** Postgres has parsed the next statement. Its name stays known, whatever becomes of the flight. */
  parsed(): void {
    const name = this.toParse.shift();
    if (!name) return;
    this.session.prepared.set(name, undefined);
    this.session.unprepared.delete(name);
  }

  handleRowDescription({ fields }: RowDescription): void {
    const names = fields.map(({ name }) => name);
    const columns = {
      names,
      emptyRow: Object.fromEntries(names.map((name) => [name, null])),
      parsers: fields.map(({ dataTypeID }) => this.session.client.getTypeParser(dataTypeID, 'text')),
    };
    const name = this.nameOf(this.current());
    if (name !== undefined) this.session.prepared.set(name, columns);
    this.columns = columns;
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.columns ??= this.knownColumns();
    if (!this.columns) return;
    const { names, parsers, emptyRow } = this.columns;
    const row = { ...emptyRow };
    try {
      for (let index = 0; index < fields.length; index++) {
        const text = fields[index] as string | null;
        if (text !== null) row[names[index] as string] = parsers[index]?.(text);
      }
    } catch (error) {
      this.failure ??= error;
    }
    this.rows.push(row);
  }

  /** The columns of the current statement, if it was described before. */
  private knownColumns(): Columns | undefined {
    const name = this.nameOf(this.current());
    return name === undefined ? undefined : this.session.prepared.get(name);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const end = text.lastIndexOf(' ');
    const count = end === -1 ? Number.NaN : Number(text.slice(end + 1));
    this.finish({
      rows: this.rows as QueryResult['rows'],
      rowCount: Number.isNaN(count) ? null : count,
      command: text.split(' ', 1)[0] as string,
    });
  }

  handleEmptyQuery(): void {
    this.finish({ rows: [], rowCount: null, command: '' });
  }

  private finish(result: Result): void {
    const name = this.nameOf(this.current());
    // A description comes before the result, if there is one.
    if (name !== undefined && !this.session.prepared.get(name)) this.session.prepared.set(name, noColumns);
    this.results.push(result);
    this.rows = [];
    this.columns = undefined;
  }

  private current(): Statement {
    return (this.pending[this.results.length] as Pending).statement;
  }

  /** Only now is a commit certain: deferred constraints fail at the end. */
  handleReadyForQuery(): void {
    const { failure } = this;
    this.end(
      (pending, index) =>
        failure === undefined ? pending.settle(null, this.results[index]) : pending.settle(failure),
      failure,
    );
  }

  /** node-postgres calls it for an error of a statement, of the connection, or of time. */
  handleError(error: unknown): void {
    if (isOfStatement(error)) {
      const failed = Math.min(this.results.length, this.pending.length - 1);
      this.end((pending, index) => {
        if (index < failed) pending.settle(null, this.results[index]);
        else pending.settle(index === failed ? error : skipped(error));
      }, error);
      return;
    }
    // Results may still arrive, and would be taken for those of the next flight.
    if (this.isSent) this.session.client.connection.stream.destroy();
    this.end((pending) => pending.settle(error), error);
  }

  private end(settle: (pending: Pending, index: number) => void, error?: unknown): void {
    if (this.isEnded) return;
    this.isEnded = true;
    for (const name of this.toParse) if (name) this.session.unprepared.add(name);
    this.callback();
    this.pending.forEach(settle);
    this.ended(error);
  }

  // node-postgres requires these. No statement of the service copies data or reads a portal in parts.
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}

type Callback = (error: unknown, result?: Result) => void;

/** The callback of several statements. The statements of a flight end together, so the first error may reject at once. */
function settleAll(
  count: number,
  resolve: (results: Result[]) => void,
  reject: (error: unknown) => void,
): Callback {
  const results: Result[] = [];
  return (error, result) => {
    if (error) reject(error);
    else if (results.push(result as Result) === count) resolve(results);
  };
}

/** Sends statements on one connection in flights. */
class Flights {
  private readonly session: Session;
  private waiting: Pending[] = [];
  private tail: (() => readonly Pending[]) | null = null;
  private active: Flight | null = null;
  private span: unknown;
  private isScheduled = false;
  private isClosed = false;

  constructor(
    client: Wire,
    private readonly namesStatements: () => boolean,
    private readonly submit: (flight: Flight) => void,
    private readonly tracing: FlightTracing | undefined,
  ) {
    this.session = { client, prepared: new Map(), unprepared: new Set() };
    client.connection.on('parseComplete', () => this.active?.parsed());
  }

  add(statement: Statement, settle: Callback): void {
    if (this.isClosed) {
      process.nextTick(
        settle,
        new Error('The transaction has ended: all its statements must be sent at once.'),
      );
      return;
    }
    // A flight belongs to the span of its first statement.
    if (this.tracing && this.waiting.length === 0) this.span = this.tracing.current();
    this.waiting.push({ statement, settle });
    this.schedule();
  }

  /** Adds statements, which are sent in one flight. Rejects with the first error, when all of them have ended. */
  addAll(statements: readonly Statement[]): Promise<Result[]> {
    return new Promise((resolve, reject) => {
      const settle = settleAll(statements.length, resolve, reject);
      for (const statement of statements) this.add(statement, settle);
    });
  }

  /** Sends what waits when the present turn of the event loop ends, or else when the active flight ends. */
  private schedule(): void {
    if (this.active || this.isScheduled) return;
    this.isScheduled = true;
    process.nextTick(() => this.send());
  }

  private send(): void {
    const pending = this.tail ? [...this.waiting, ...this.tail()] : this.waiting;
    this.isScheduled = false;
    this.isClosed = this.tail !== null;
    this.tail = null;
    this.waiting = [];
    const endSpan = this.tracing?.begin(
      this.span,
      pending.map(({ statement }) => statement.name ?? (statement.text.trim().split(/\W/, 1)[0] as string)),
    );
    this.active = new Flight(this.session, pending, this.namesStatements(), (error) => {
      this.active = null;
      endSpan?.(error);
      if (this.waiting.length > 0) this.schedule();
    });
    this.submit(this.active);
  }

  endWith(statements: () => readonly Statement[]): Promise<Result[]> {
    return new Promise((resolve, reject) => {
      this.tail = () => {
        const last = statements();
        const settle = settleAll(last.length, resolve, reject);
        return last.map((statement) => ({ statement, settle }));
      };
      this.schedule();
    });
  }

  reopen(): void {
    this.isClosed = false;
    this.tail = null;
  }
}

const flightsOf = new WeakMap<Connection, Flights>();

/**
 * Makes `connection.query` send the statements of one turn of the event loop in one flight. While `namesStatements` is
 * false, no statement is prepared.
 */
export function sendInFlights(
  connection: Connection,
  namesStatements: () => boolean,
  tracing?: FlightTracing,
): void {
  const submit = connection.query.bind(connection) as unknown as (flight: Flight) => void;
  const flights = new Flights(connection as unknown as Wire, namesStatements, submit, tracing);
  flightsOf.set(connection, flights);
  connection.query = ((
    first: string | Statement,
    second?: readonly unknown[] | Callback,
    third?: Callback,
  ) => {
    const values = typeof second === 'function' ? undefined : second;
    const statement =
      typeof first === 'string' ? { text: first, ...(values && { values }) } : (first as Statement);
    const callback = typeof second === 'function' ? second : third;
    if (callback) return flights.add(statement, callback);
    return new Promise((resolve, reject) => {
      flights.add(statement, (error, result) => (error ? reject(error) : resolve(result)));
    });
  }) as typeof connection.query;
}

/**
 * Adds statements, which end the transaction, to the end of the next flight of a connection, and returns their results.
 * The connection takes no statement after that flight until `reopen`. `statements` is called when the flight is sent.
 */
export function endFlightWith(
  connection: Connection,
  statements: () => readonly Statement[],
): Promise<Result[]> {
  return (flightsOf.get(connection) as Flights).endWith(statements);
}

/** Lets a connection take statements again, after `endFlightWith`. */
export function reopen(connection: Connection): void {
  flightsOf.get(connection)?.reopen();
}

/**
 * Sends statements in one flight; a connection without flights sends each as a query. Rejects with the first error, after all
 * statements of a flight have ended.
 */
export function sendAll(
  connection: Connection,
  statements: readonly Statement[],
): Promise<QueryResult<QueryResultRow>[]> {
  const flights = flightsOf.get(connection);
  if (!flights) return Promise.all(statements.map((statement) => run(connection, statement)));
  return flights.addAll(statements) as Promise<QueryResult<QueryResultRow>[]>;
}

/** Sends a statement. */
export function run(connection: Connection, statement: Statement): Promise<QueryResult> {
  return connection.query(statement as QueryConfig);
}
