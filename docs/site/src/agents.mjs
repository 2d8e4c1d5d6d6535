/** The pages as Markdown for programs: a twin of each page, and lists of them (https://llmstxt.org). */
import { readGroups } from './sources.mjs';

const heading = (title, text) => `# ${title}\n\n${text.trim()}\n`;

/** Links to pages become links to their twins. */
function withTwinLinks(markdown) {
  return markdown.replace(
    /\]\(\/docs(\/[\w/-]*)?(#[\w-]*)?\)/g,
    (_, path = '/index', anchor = '') => `](/docs${path}.md${anchor})`,
  );
}

function apiPage(operations) {
  const items = operations.map(
    ({ id, method, path, title, description }) =>
      `## ${title}\n\n\`${method} ${path}\` · \`${id}\`\n\n${description.trim()}\n`,
  );
  return `All operations. The parameters, bodies and responses are in the contract: [openapi.yaml](/openapi.yaml).\n\n${items.join('\n')}`;
}

/**
 * The Markdown files of the site.
 * @param {import('./sources.mjs').Page[]} pages
 */
export function markdownFiles(pages, operations) {
  const all = [...pages, { id: 'api', title: 'API', description: '', markdown: apiPage(operations) }];
  const [index] = pages;
  const groups = readGroups().map(({ label, pages: listed }) => {
    const items = listed.map(
      ({ id, label: name, description }) => `- [${name}](/docs/${id}.md): ${description}`,
    );
    return `## ${label}\n\n${items.join('\n')}\n`;
  });
  const summary = `# Tasklane\n\n> ${index.description}\n`;
  const list = [
    summary,
    ...groups,
    '## Optional\n\n- [All pages in one file](/llms-full.txt)\n- [The contract](/openapi.yaml): OpenAPI\n',
  ];
  const guides = pages.filter(({ id }) => id !== 'index' && !id.startsWith('problems/'));
  return [
    ...all.map(({ id, title, markdown }) => ({
      path: `${id}.md`,
      content: heading(title, withTwinLinks(markdown)),
    })),
    { path: 'llms.txt', content: list.join('\n'), addresses: ['/llms.txt', '/docs/llms.txt'] },
    {
      path: 'llms-full.txt',
      content: [
        summary,
        ...guides.map(({ title, markdown }) => heading(title, withTwinLinks(markdown))),
      ].join('\n'),
      addresses: ['/llms-full.txt', '/docs/llms-full.txt'],
    },
  ];
}
