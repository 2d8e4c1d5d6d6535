/**
 * The reference of the API for the documentation site. `node scripts/run.js scripts/reference` prints it as JSON, for
 * the build of the site.
 */
import { contractDocument } from '../src/platform/contract/document/contract';
import { docsPage } from '../src/platform/docs/pages';
import { redocLicences, redocScript } from './redoc';

/** A file of the site. */
interface SiteFile {
  /** Its path below `/docs`. A page has no extension in its address: `api.html` is served at `/docs/api`. */
  readonly path: string;
  readonly content: string;
  /** The policy of a page that needs another one than the guides. */
  readonly contentSecurityPolicy?: string;
}

/** Where an operation is in the reference, and what a search finds it by. */
interface Entry {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly title: string;
  readonly description: string;
  /** The address of the operation in the reference. */
  readonly address: string;
}

interface Reference {
  readonly files: readonly SiteFile[];
  readonly operations: readonly Entry[];
}

interface OperationItem {
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
}

/** The address that Redoc gives to an operation. */
function addressOf(tag: string, operationId: string): string {
  return `/docs/api#/${tag.toLowerCase().replaceAll(' ', '-')}/${operationId.toLowerCase()}`;
}

export function reference(): Reference {
  const page = docsPage();
  const paths = contractDocument.paths as unknown as Record<string, Record<string, OperationItem>>;
  return {
    files: [
      { path: 'api.html', content: page.html, contentSecurityPolicy: page.contentSecurityPolicy },
      { path: 'redoc.js', content: redocScript() },
      { path: 'LICENSES.txt', content: redocLicences() },
    ],
    operations: Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, { operationId, tags = [], summary = '', description = '' }]) =>
        operationId === undefined
          ? []
          : [
              {
                id: operationId,
                method: method.toUpperCase(),
                path,
                title: summary,
                description,
                address: addressOf(tags[0] ?? '', operationId),
              },
            ],
      ),
    ),
  };
}

if (require.main === module) process.stdout.write(JSON.stringify(reference()));
