/** Renders the reference of the API with Redoc, as a server does: a page for each operation, group and webhook. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { redocScript, replaceOnce } from './redoc';

/** A file of the site. */
export interface SiteFile {
  /** Its path below `/docs`. A page has no extension in its address: `api.html` is served at `/docs/api`. */
  readonly path: string;
  readonly content: string;
  /** The policy of a page that needs another one than the guides. */
  readonly contentSecurityPolicy?: string;
}

const basePath = '/docs/api';

/** What the pages and the script in the browser must agree on. */
const options = { skipBundle: true, disableTelemetry: true };

interface Item {
  readonly label?: string;
  readonly link?: string;
  readonly items?: readonly Item[];
}

/** What `redocly build-docs` is made of. */
interface Renderer {
  Docs: object;
  prepare(input: object): Promise<{ items: Item[]; store: object; options: object; document: object }>;
  react: { createElement(component: object, properties: object): object };
  server: { renderToString(element: object): string };
  styled: { ServerStyleSheet: new () => { collectStyles(element: object): object; getStyleTags(): string } };
}

declare global {
  /** The address that Redoc renders. */
  var redocAddress: string;
}

/**
 * Loads what `redocly build-docs` renders with. The command itself renders only the first page, and into one file with the
 * whole contract.
 */
function loadRenderer(): Renderer {
  const chunks = join(dirname(require.resolve('@redocly/cli/package.json')), 'lib', 'chunks');
  const [name, ...more] = readdirSync(chunks).filter(
    (each) =>
      each !== 'redoc.standalone.js' &&
      readFileSync(join(chunks, each), 'utf8').includes('Prerendering docs'),
  );
  if (name === undefined || more.length > 0)
    throw new Error('One file of @redocly/cli must have the command build-docs.');
  const hooks = registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.endsWith(`/${name}`)) return loaded;
      const source = [
        {
          why: 'The pages have other addresses than the first one.',
          from: '{initialEntries:s=["/"],',
          to: '{initialEntries:s=[globalThis.redocAddress],',
        },
        {
          why: 'The command calls these functions, and exports only itself.',
          from: 'export{slt as handlerBuildCommand};',
          to: 'export{Hne as Docs,Gne as prepare,Wle as react,Gle as server,P as styled};',
        },
      ].reduce(replaceOnce, String(loaded.source));
      return { ...loaded, source };
    },
  });
  try {
    return require(join(chunks, name));
  } finally {
    hooks.deregister();
  }
}

/** A file whose name changes with its content, so that browsers keep it. */
function asset(name: string, extension: string, content: string): SiteFile {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return { path: `_redoc/${name}.${hash}.${extension}`, content };
}

const addressOf = ({ path }: SiteFile): string => `/docs/${path}`;

/** Starts Redoc after the page has been drawn, so that the script does not delay what can be read without it. */
const startScript = (script: SiteFile, contract: SiteFile) => `const start = async () => {
  const [{ hydrate }, contract] = await Promise.all([
    import('${addressOf(script)}'),
    fetch('${addressOf(contract)}').then((response) => response.json()),
  ]);
  await hydrate(contract, ${JSON.stringify({ ...options, router: 'history', basePath })}, document.getElementById('redoc'));
  document.documentElement.dataset.redoc = 'started';
};
if (document.readyState === 'complete') start();
else addEventListener('load', start);
`;

const ownStyle = '\nbody { margin: 0 }\n';

function allItems(items: readonly Item[]): Item[] {
  return items.flatMap((each) => [each, ...allItems(each.items ?? [])]);
}

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Redoc sets styles at run time, which needs `'unsafe-inline'` for styles only. */
function policyOf(html: string): string {
  const hashes = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    `script-src ${["'self'", ...new Set(hashes)].join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/**
 * The reference of the API: pages that can be read without a script, and the script, styles and contract that they share.
 * @param contract the contract with its samples
 */
export async function redocPages(contract: object): Promise<readonly SiteFile[]> {
  const { Docs, prepare, react, server, styled } = loadRenderer();
  const { items, store, options: prepared, document } = await prepare({ spec: contract, options, basePath });
  const sheet = new styled.ServerStyleSheet();
  const properties = {
    items,
    store,
    basePath,
    options: prepared,
    telemetryConfig: { disabled: true },
    spec: document,
  };
  const rendered = new Map<string, { title: string; html: string }>();
  for (const { link, label = '' } of allItems(items)) {
    if (link === undefined || rendered.has(link)) continue;
    globalThis.redocAddress = link;
    const element = sheet.collectStyles(react.createElement(Docs, properties));
    rendered.set(link, { title: label, html: server.renderToString(element) });
  }

  const rules = [...sheet.getStyleTags().matchAll(/<style[^>]*>(.*?)<\/style>/gs)].map(([, each]) => each);
  const style = asset('redoc', 'css', rules.join('\n') + ownStyle);
  const script = asset('redoc', 'js', redocScript());
  const contractFile = asset('contract', 'json', JSON.stringify(contract));
  const start = asset('start', 'js', startScript(script, contractFile));
  const pages = [...rendered].map(([link, { title, html }]) => {
    const content = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Tasklane API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${addressOf(style)}">
<script type="module" src="${addressOf(start)}"></script>
</head>
<body>
<div id="redoc">${html}</div>
</body>
</html>
`;
    const path = `${link.slice('/docs/'.length)}.html`;
    return { path, content, contentSecurityPolicy: policyOf(content) };
  });
  return [style, script, contractFile, start, ...pages];
}
