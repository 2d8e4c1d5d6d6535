/**
 * The reference of the API for the documentation site. `node scripts/run.js scripts/reference` prints it as JSON, for
 * the build of the site.
 */
import { contractDocument } from '../src/platform/contract/document/contract';
import { redocLicences, wordmark } from './redoc';
import { redocPages, type SiteFile } from './redoc-pages';
import { samplesOf } from './samples/samples';

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
  return `/docs/api/${tag.toLowerCase().replaceAll(' ', '-')}/${operationId.toLowerCase()}`;
}

/**
 * The contract as Redoc shows it: with samples, and a name that leads to the guides. The served contract has neither, because
 * programs do not need them.
 */
function shownContract(): object {
  const samples = samplesOf(contractDocument);
  const shown = JSON.parse(JSON.stringify(contractDocument), (_name, value) =>
    samples.has(value?.operationId) ? { ...value, 'x-codeSamples': samples.get(value.operationId) } : value,
  );
  shown.info['x-logo'] = { url: wordmark('Tasklane'), altText: 'Tasklane documentation', href: '/docs' };
  return shown;
}

export async function reference(): Promise<Reference> {
  const paths = contractDocument.paths as unknown as Record<string, Record<string, OperationItem>>;
  return {
    files: [...(await redocPages(shownContract())), { path: 'LICENSES.txt', content: redocLicences() }],
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

if (require.main === module) {
  reference().then(
    (made) => process.stdout.write(JSON.stringify(made)),
    (error: Error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exitCode = 1;
    },
  );
}
