/** Builds the documentation site: guides, problems, the reference of the API, the search, and Markdown twins. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'astro';
import { markdownFiles } from './agents.mjs';
import {
  codeStylesheet,
  linksAndIds,
  StyleClasses,
  scriptHashes,
  withoutEmptyHeaders,
  withoutKeyText,
} from './html.mjs';
import { writeSite } from './output.mjs';
import { searchIndex } from './search.mjs';
import { addressOf, readPages, root } from './sources.mjs';

const site = join(root, 'docs', 'site');

function filesBelow(base, directory = '') {
  return readdirSync(join(base, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(base, path) : [path];
  });
}

/** The reference of the API, made by the scripts of the service. */
function readReference() {
  const arguments_ = [join(root, 'scripts', 'run.js'), 'scripts/reference'];
  return JSON.parse(
    execFileSync(process.execPath, arguments_, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );
}

/** The pages and other files that Astro makes. */
async function buildPages() {
  const folder = mkdtempSync(join(site, '.build-'));
  try {
    await build({ root: site, outDir: folder, logLevel: 'error' });
    return filesBelow(folder)
      .filter((path) => !path.startsWith('pagefind/'))
      .map((path) => ({
        // A page's path is its address and `.html`, as for the other files of the site.
        path: path.replace(/\/index\.html$/, '.html'),
        content: readFileSync(join(folder, path)),
      }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function policyOf(hashes) {
  return [
    "default-src 'none'",
    `script-src ${["'self'", "'wasm-unsafe-eval'", ...hashes].join(' ')}`,
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Mends what the rules of accessibility forbid. */
function accessible(files) {
  return files.map(({ path, content }) => ({
    path,
    content: path.endsWith('.html') ? withoutEmptyHeaders(withoutKeyText(content.toString())) : content,
  }));
}

/** Moves the style attributes of pages into a stylesheet. */
function withoutInlineStyles(files) {
  const classes = new StyleClasses();
  const edited = files.map(({ path, content }) => {
    if (path.endsWith('.html')) return { path, content: classes.replaceIn(content.toString()) };
    if (/^_astro\/ec\..+\.css$/.test(path)) return { path, content: codeStylesheet(content.toString()) };
    return { path, content };
  });
  const stylesheet = classes.stylesheet();
  const name = `_astro/inline.${createHash('sha256').update(stylesheet).digest('hex').slice(0, 8)}.css`;
  const link = `<link rel="stylesheet" href="/docs/${name}"/></head>`;
  return [
    ...edited.map(({ path, content }) => ({
      path,
      content: path.endsWith('.html') ? content.replace('</head>', link) : content,
    })),
    { path: name, content: stylesheet },
  ];
}

/** @throws if a link of a page leads to no address of the site, or to no heading of a page */
function checkLinks(pages, addresses) {
  const found = new Map(
    pages
      .filter(({ path }) => path.endsWith('.html'))
      .map(({ path, content }) => [addressesOf(path)[0], linksAndIds(content)]),
  );
  const broken = [...found].flatMap(([address, { links }]) =>
    [...links]
      .filter((link) => link.startsWith('#') || /^\/docs(?:[/#]|$)/.test(link))
      .filter((link) => {
        const [target, anchor] = link.split('#');
        const page = found.get(target || address);
        // The addresses inside of the reference are its own.
        return page ? anchor && !page.ids.has(decodeURIComponent(anchor)) : !addresses.has(target);
      })
      .map((link) => `${address}: ${link}`),
  );
  if (broken.length > 0) throw new Error(`These links lead nowhere:\n${broken.slice(0, 20).join('\n')}`);
}

const pages = readPages();
const reference = readReference();
const built = withoutInlineStyles(accessible(await buildPages()));
const htmlOf = new Map(built.map(({ path, content }) => [path, content]));

const index = await searchIndex(
  pages
    .filter(({ isSearched }) => isSearched !== false)
    .map(({ id }) => ({ id, html: htmlOf.get(`${id}.html`) })),
  reference.operations,
);
const hashes = new Set(
  built.filter(({ path }) => path.endsWith('.html')).flatMap(({ content }) => scriptHashes(content)),
);
const contentSecurityPolicy = policyOf([...hashes]);

/** The addresses of a page; a problem has the one of its `type` too. */
function addressesOf(path) {
  if (!path.endsWith('.html')) return [`/docs/${path}`];
  const id = path.slice(0, -'.html'.length);
  return [addressOf(id), ...(id.startsWith('problems/') ? [`/${id}`] : [])];
}

const twins = markdownFiles(pages, reference.operations);
const withTwin = new Set(twins.map(({ path }) => path));
const files = [
  ...built,
  { path: 'performance.svg', content: readFileSync(join(root, 'docs', 'performance.svg')) },
  ...index.map(({ path, content }) => ({ path: `pagefind/${path}`, content })),
  ...reference.files,
  ...twins,
];
checkLinks(built, new Set(files.flatMap(({ path, addresses }) => addresses ?? addressesOf(path))));
const bytes = await writeSite(
  join(site, 'dist'),
  files.map((file) => {
    const twin = file.path.replace(/\.html$/, '.md');
    return {
      contentSecurityPolicy,
      addresses: addressesOf(file.path),
      ...(file.path.endsWith('.html') && withTwin.has(twin) && { markdown: `/docs/${twin}` }),
      ...file,
    };
  }),
);
const kilobytes = (count) => `${Math.round(count / 1000)} kB`;
process.stdout.write(
  `The documentation has ${pages.length + 1} pages: ${kilobytes(bytes.plain)}, ${kilobytes(bytes.br)} compressed.\n`,
);
