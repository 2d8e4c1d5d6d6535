/** Serves the documentation site, a folder that `npm run docs:build` makes. */
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Request } from 'express';
import { type Coding, codingOf } from '../edge/coding';

/** A file of the site, as the build lists it in `site.json`. */
interface SiteFile {
  /** Its path in the folder. A compressed form has the name of the encoding after it. */
  readonly path: string;
  readonly type: string;
  /** The hash of its content. */
  readonly hash: string;
  /** The bytes of each form: `identity`, and `br` and `gzip` if they are smaller. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Whether its name changes with its content. */
  readonly immutable: boolean;
  /** The index of its policy in `policies`. */
  readonly policy: number;
  /** The address of the same page as Markdown. */
  readonly markdown?: string;
}

interface SiteList {
  readonly policies: readonly string[];
  /** By address, such as `/docs/tasks`. */
  readonly files: Readonly<Record<string, SiteFile>>;
}

/** The part of a response's head that the site needs. */
interface Head {
  setHeader(name: string, value: string | number): unknown;
  write(response: ServerResponse, status: number): void;
  send(response: ServerResponse, status: number): void;
}

const ownAddresses = /^\/(?:docs(?:\/|$)|problems\/|llms(?:-full)?\.txt$|$)/;

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Whether `If-None-Match` names the entity tag (RFC 9110, section 13.1.2). */
function isKnown(header: string | undefined, tag: string): boolean {
  return header?.split(',').some((each) => ['*', tag, `W/${tag}`].includes(each.trim())) ?? false;
}

/** The form of the file that the client gets. */
function chooseEncoding({ sizes }: SiteFile, request: Request): string {
  return (
    codingOf(
      request,
      ['br', 'gzip'].filter((each): each is Coding => each in sizes),
    ) ?? 'identity'
  );
}

/** The documentation site in a folder. It can be built, and built again, while the service runs. */
export class DocsSite {
  private known: { readonly version: string; readonly list: SiteList } | undefined;

  /** @param folder an absolute path; the folder need not exist */
  constructor(private readonly folder: string) {}

  /** The list of files; null if the site is not built. */
  private async list(): Promise<SiteList | null> {
    const path = join(this.folder, 'site.json');
    try {
      const { mtimeMs, ino, size } = await stat(path);
      const version = [mtimeMs, ino, size].join();
      if (this.known?.version !== version) {
        this.known = { version, list: JSON.parse(await readFile(path, 'utf8')) };
      }
      return this.known.list;
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  /**
   * Answers a request for a page or file of the site.
   * @returns false, and leaves the response alone, if the address is not one of the site, or the site is not built
   */
  async serve(request: Request, response: ServerResponse, head: Head): Promise<boolean> {
    const [address = ''] = request.url.split('?');
    if (!ownAddresses.test(address) || !['GET', 'HEAD'].includes(request.method)) return false;
    if (address === '/') return this.redirect(response, head, 302, '/docs');
    const list = await this.list();
    if (list === null) return false;
    const found = Object.hasOwn(list.files, address) ? list.files[address] : undefined;
    if (found) return this.send(request, response, head, 200, list, this.preferred(list, found, request));

    const page = address.replace(/\/$/, '');
    if (page !== address && Object.hasOwn(list.files, page)) return this.redirect(response, head, 308, page);
    const missing = list.files['/docs/404'];
    if (!missing || !address.startsWith('/docs/') || !request.headers.accept?.includes('text/html'))
      return false;
    return this.send(request, response, head, 404, list, missing);
  }

  private redirect(response: ServerResponse, head: Head, status: number, location: string): true {
    head.setHeader('Location', location);
    head.send(response, status);
    return true;
  }

  /** The page, or the same as Markdown if the client prefers that. */
  private preferred({ files }: SiteList, page: SiteFile, request: Request): SiteFile {
    if (page.markdown === undefined || request.accepts(['text/html', 'text/markdown']) !== 'text/markdown') {
      return page;
    }
    return files[page.markdown] ?? page;
  }

  private async send(
    request: Request,
    response: ServerResponse,
    head: Head,
    status: number,
    { policies }: SiteList,
    file: SiteFile,
  ): Promise<boolean> {
    const encoding = chooseEncoding(file, request);
    const tag = `"${file.hash}-${encoding}"`;
    let handle: FileHandle;
    try {
      handle = await open(
        join(this.folder, encoding === 'identity' ? file.path : `${file.path}.${encoding}`),
      );
    } catch (error) {
      // The site is just being replaced.
      if (isAbsent(error)) return false;
      throw error;
    }
    try {
      head.setHeader('Content-Security-Policy', policies[file.policy] ?? "default-src 'none'");
      head.setHeader('Cache-Control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
      head.setHeader('Vary', 'Origin, Accept, Accept-Encoding');
      head.setHeader('ETag', tag);
      if (status === 200 && isKnown(request.headers['if-none-match'], tag)) {
        head.send(response, 304);
        return true;
      }
      head.setHeader('Content-Type', file.type);
      head.setHeader('Content-Length', file.sizes[encoding] ?? 0);
      if (encoding !== 'identity') head.setHeader('Content-Encoding', encoding);
      head.write(response, status);
      if (request.method === 'HEAD') response.end();
      else await pipeline(handle.createReadStream({ autoClose: false }), response);
      return true;
    } catch (error) {
      // The client disconnected.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
      return true;
    } finally {
      await handle.close();
    }
  }
}
