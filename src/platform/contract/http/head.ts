/**
 * The status line and headers of a response, collected until they are sent. Node writes a list of headers, given at
 * once, faster than headers that are set one by one.
 */
import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';

/** Headers that many responses have, as a list of names and values in turn. */
export class ConstantHeaders {
  private readonly names: ReadonlySet<string>;

  constructor(readonly list: readonly string[]) {
    this.names = new Set(list.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  }

  has(name: string): boolean {
    return this.names.has(name.toLowerCase());
  }

  /** The list without a header. */
  without(name: string): string[] {
    const lower = name.toLowerCase();
    return this.list.filter((_, index) => this.list[index - (index % 2)]?.toLowerCase() !== lower);
  }
}

export const noHeaders = new ConstantHeaders([]);

function isSameName(one: string, other: string): boolean {
  return one === other || (one.length === other.length && one.toLowerCase() === other.toLowerCase());
}

/** The head of one response. Its methods are those of `ServerResponse`, so that middleware can set headers too. */
export class ResponseHead {
  private readonly own: string[] = [];

  constructor(private constant: ConstantHeaders) {}

  setHeader(name: string, value: string | number | readonly string[]): this {
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    const { own } = this;
    for (let i = 0; i < own.length; i += 2) {
      if (isSameName(own[i] as string, name)) {
        own[i + 1] = text;
        return this;
      }
    }
    if (this.constant.has(name)) this.constant = new ConstantHeaders(this.constant.without(name));
    own.push(name, text);
    return this;
  }

  getHeader(name: string): string | undefined {
    const { own } = this;
    for (let i = 0; i < own.length; i += 2) if (isSameName(own[i] as string, name)) return own[i + 1];
    return undefined;
  }

  hasHeader(name: string): boolean {
    return this.getHeader(name) !== undefined;
  }

  /** Sets the headers of a reply that are not undefined. A deprecated operation already has a `Link`, which stays. */
  setHeaders(headers: Readonly<Record<string, unknown>>): void {
    for (const name in headers) {
      const value = headers[name];
      if (value === undefined) continue;
      const before = name === 'Link' ? this.getHeader(name) : undefined;
      this.setHeader(name, before === undefined ? String(value) : `${before}, ${value}`);
    }
  }

  /** Writes the head. The body follows. */
  write(response: ServerResponse, status: number): void {
    response.writeHead(status, this.constant.list.concat(this.own));
  }

  /** Writes the head and a complete body; no body if `content` is undefined. */
  send(response: ServerResponse, status: number, content?: string | Buffer): void {
    const { own } = this;
    if (content === undefined) {
      // Without a length, Node would use chunks. 204 and 304 have no body (RFC 9110, section 8.6).
      if (status !== 204 && status !== 304 && response.req.method !== 'HEAD') own.push('Content-Length', '0');
      this.write(response, status);
      response.end();
      return;
    }
    own.push('Content-Length', String(Buffer.byteLength(content)));
    this.write(response, status);
    response.end(content);
  }
}

/** The headers that middleware sets on every response, whatever the request. */
export function headersOf(middleware: RequestHandler): string[] {
  const list: string[] = [];
  const recorder = {
    setHeader: (name: string, value: unknown) => void list.push(name, String(value)),
    removeHeader: () => undefined,
  };
  middleware({ headers: {} } as never, recorder as never, () => undefined);
  return list;
}

const heads = Symbol('head');

/** The head of a response. It has `constant` headers if it does not exist yet. */
export function headOf(
  response: ServerResponse & { [heads]?: ResponseHead },
  constant: ConstantHeaders = noHeaders,
): ResponseHead {
  response[heads] ??= new ResponseHead(constant);
  return response[heads];
}
