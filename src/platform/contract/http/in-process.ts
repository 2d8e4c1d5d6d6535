/** Requests that a program inside of this process makes while it answers another request. */
import type { Request } from 'express';
import type { RequestForm } from './execute';
import { noHeaders, ResponseHead } from './head';

/** The head of a response that stays in this process. */
export class InProcessHead extends ResponseHead {
  status = 0;
  text = '';

  constructor() {
    super(noHeaders);
  }

  override write(): void {
    throw new Error('A response in pieces cannot stay in this process.');
  }

  override send(_response: unknown, status: number, content: string | Buffer = ''): void {
    this.status = status;
    this.text = String(content);
  }
}

/** Makes a request that is part of another one: it has the same id, log and address. */
export function partOf(outer: Request, form: RequestForm, body: unknown): Request {
  const { method, params, path, query, headers } = form;
  const url = query === '' ? path : `${path}?${query}`;
  const own = { method, url, originalUrl: url, path, params, headers, body };
  return Object.create(outer, Object.getOwnPropertyDescriptors(own)) as Request;
}
