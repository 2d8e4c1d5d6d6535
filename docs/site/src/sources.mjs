/**
 * Reads the pages of the site from the files of the repository: the guides that `docs/README.md` lists, and the
 * problems of the contract. Links between files become links between pages.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { markdownToMdast } from 'satteri';
import { problemPages } from './contract.mjs';

/** The project's root. Astro bundles this file, so its own address does not say where it is. */
export const root = process.env.TASKLANE_ROOT ?? join(process.cwd(), '..', '..');
const base = '/docs';
const index = 'docs/README.md';

/**
 * @typedef {object} Page
 * @property {string} id its address below `/docs`, such as `tasks`
 * @property {string} title
 * @property {string} description one phrase about its content
 * @property {string} markdown its text without the title; links lead to addresses of the site
 * @property {URL} file the file that it comes from
 * @property {false} [isSearched] if the search does not find it
 */

/** The pages whose id is not the name of their file. */
const ids = {
  [index]: 'index',
  'openapi.yaml': 'api',
  'openapi/problems.yaml': 'problems',
  'sdk/README.md': 'sdk',
  'CHANGELOG.md': 'changelog',
  'SECURITY.md': 'security-policy',
  '.env.example': 'settings',
};
const decisions = 'docs/decisions';

/** The id of the page of a file, or undefined if the site has none. @param {string} path from the project's root */
function idOf(path) {
  return ids[path] ?? /^docs\/([\w-]+(?:\/[\w-]+)?)(?:\.md)?$/.exec(path)?.[1];
}

/** The address of a page. @param {string} id */
export function addressOf(id) {
  return id === 'index' ? base : `${base}/${id}`;
}

const read = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8');

function* nodesOf(node) {
  yield node;
  for (const child of node.children ?? []) yield* nodesOf(child);
}

/** The text of an element of Markdown. */
const textOf = (node) => node.value ?? (node.children ?? []).map(textOf).join('');

/** The text of Markdown, without its marks. @param {string} markdown */
export function plainText(markdown) {
  return markdownToMdast(markdown).children.map(textOf).join(' ').replace(/\s+/g, ' ');
}

/** Where a link in a file leads to on the site; null if the site does not have that file. */
function siteLink(/** @type {string} */ path, /** @type {string} */ url) {
  if (/^[a-z]+:|^#|^\//.test(url)) return url;
  const [target, anchor] = url.split('#');
  const file = relative('.', join(dirname(path), target));
  if (file === 'docs/performance.svg') return `${base}/performance.svg`;
  const id = idOf(file);
  return id === undefined ? null : addressOf(id) + (anchor === undefined ? '' : `#${anchor}`);
}

/** Replaces the links of a file. A link to a file that the site does not have becomes its text. */
function withSiteLinks(path, markdown) {
  const edits = [];
  for (const node of nodesOf(markdownToMdast(markdown))) {
    if (!['link', 'image', 'definition'].includes(node.type) || node.url === undefined) continue;
    const { start, end } = node.position;
    const source = markdown.slice(start.offset, end.offset);
    const url = siteLink(path, node.url);
    if (url === node.url) continue;
    const at = source.lastIndexOf(node.url);
    if (at < 0) throw new Error(`${path}:${start.line}: the link to ${node.url} cannot be rewritten.`);
    edits.push({
      from: start.offset,
      to: end.offset,
      text:
        url === null
          ? source.slice(1, source.lastIndexOf(']('))
          : source.slice(0, at) + url + source.slice(at + node.url.length),
    });
  }
  return edits.reduceRight(
    (text, { from, to, text: by }) => text.slice(0, from) + by + text.slice(to),
    markdown,
  );
}

/** The title of a file and the text below it. */
function splitTitle(path, text) {
  const [, title, markdown] = /^# (.+)\n\s*([\s\S]*)$/.exec(text) ?? [];
  if (title === undefined) throw new Error(`${path} does not begin with a title.`);
  return { title: title.replaceAll('`', ''), markdown };
}

/** The groups of the sidebar, from the lists of `docs/README.md`. */
export function readGroups() {
  const groups = [];
  for (const node of markdownToMdast(read(index)).children) {
    if (node.type === 'heading' && node.depth === 2) groups.push({ label: textOf(node), pages: [] });
    if (node.type !== 'list') continue;
    for (const item of node.children) {
      const [paragraph] = item.children;
      const [link] = paragraph.children;
      const path = join('docs', link.url);
      const id = idOf(path);
      if (id === undefined) throw new Error(`${index}: the site has no page for ${link.url}.`);
      const description = textOf(paragraph).slice(textOf(link).length).replace(/^:\s*/, '');
      groups.at(-1).pages.push({ id, path, label: textOf(link), description });
    }
  }
  return groups;
}

function settingsPage() {
  return `Tasklane reads environment variables and the file \`.env\`. All variables are validated at the start, and all errors are
reported at once.

\`\`\`ini
${read('.env.example').trim()}
\`\`\`
`;
}

/** The list of all decision records, and a page for each. */
function decisionPages() {
  const pages = readdirSync(join(root, decisions)).map((name) => {
    const path = `${decisions}/${name}`;
    const { title, markdown } = splitTitle(path, read(path));
    return {
      id: idOf(path),
      title,
      description: `decision ${title}`,
      markdown: withSiteLinks(path, markdown),
      file: pathToFileURL(join(root, path)),
      isSearched: false,
    };
  });
  const items = pages.map(({ id, title }) => `- [${title.replace('.', '\\.')}](${addressOf(id)})`);
  return [
    {
      id: idOf(decisions),
      title: 'Decisions',
      description: 'the reasons for the design',
      markdown: `Each record has the context of a decision, the decision, and its consequence.\n\n${items.join('\n')}\n`,
      file: pathToFileURL(join(root, index)),
    },
    ...pages,
  ];
}

/** All pages except the reference of the API, which is no Markdown. @returns {Page[]} */
export function readPages() {
  const problems = JSON.parse(read('generated/problems.json'));
  const pageOf = ({ id, path, label, description }) => {
    const file = pathToFileURL(join(root, path));
    if (id === 'settings') return { id, title: label, description, markdown: settingsPage(), file };
    const { title, markdown } = splitTitle(path, read(path));
    return { id, title, description, markdown: withSiteLinks(path, markdown), file };
  };
  const listed = readGroups().flatMap(({ pages }) => pages);
  const unlisted = readdirSync(join(root, 'docs'))
    .map((name) => `docs/${name}`)
    .filter((path) => path.endsWith('.md') && path !== index && !listed.some((each) => each.path === path));
  if (unlisted.length > 0) throw new Error(`${index} does not list ${unlisted.join(', ')}.`);
  const { children } = markdownToMdast(read(index));
  const summary = textOf(children.find(({ type }) => type === 'paragraph')).replaceAll('\n', ' ');
  return [
    pageOf({ id: 'index', path: index, label: 'Tasklane', description: summary }),
    ...listed.filter(({ id }) => !['api', 'problems', 'decisions'].includes(id)).map(pageOf),
    ...decisionPages(),
    ...problemPages(problems).map((page) => ({
      ...page,
      file: pathToFileURL(join(root, 'openapi/problems.yaml')),
    })),
  ];
}
