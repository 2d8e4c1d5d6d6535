/** What the pages about types of problem say, from the contract. */

/** A type of problem with an example of its answer. */
export interface ProblemDescription {
  readonly code: string;
  readonly title: string;
  readonly status: number;
  /** What it means. Markdown with paragraphs, code spans, emphasis and links. */
  readonly description: string;
  /** What the client should do. */
  readonly action: string;
  readonly example: Readonly<Record<string, unknown>>;
}

interface ProblemSchema {
  readonly title: string;
  readonly description: string;
  readonly 'x-detail': string;
  readonly 'x-action': string;
  readonly properties?: { readonly code?: { const?: string }; readonly status?: { const?: number } };
}

interface Node {
  readonly [name: string]: unknown;
}

/** The examples of responses in the document, by their `code`: the first of each, which is the shortest to read. */
function examplesIn(document: Node): ReadonlyMap<unknown, Node> {
  const found = new Map<unknown, Node>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, value] of Object.entries(node)) {
      const { code, request_id } = (name === 'example' || name === 'problem' ? (value ?? {}) : {}) as Node;
      if (typeof code === 'string' && typeof request_id === 'string' && !found.has(code)) {
        found.set(code, value as Node);
      }
      visit(value);
    }
  };
  visit(document);
  return found;
}

// Of an example in the contract.
const requestId = '019a9c2e5b007c3a9d517f6a2b1c0d4e';

/**
 * All types of problem of a contract, by status and code. The example is the one of a response, or the answer that has
 * nothing but the default `detail`.
 */
export function readProblems(document: object): readonly ProblemDescription[] {
  const { components } = document as { components?: { schemas?: Readonly<Record<string, ProblemSchema>> } };
  const examples = examplesIn(document as Node);
  return Object.values(components?.schemas ?? {})
    .flatMap(({ title, description, 'x-detail': detail, 'x-action': action, properties }) => {
      const [code, status] = [properties?.code?.const, properties?.status?.const];
      if (code === undefined || status === undefined) return [];
      const plain = { type: `/problems/${code}`, code, title, status, request_id: requestId, detail };
      return [{ code, title, status, description, action, example: examples.get(code) ?? plain }];
    })
    .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1));
}
