import type { ProblemDescription } from './problems';

/** An HTML page and its `Content-Security-Policy`. */
export interface Page {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

function policy(sources: Record<string, string>): string {
  const directives = {
    'default-src': "'none'",
    ...sources,
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
  };
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function inlineHtml(markdown: string): string {
  return markdown
    .split(/(`[^`]+`)/)
    .map((part, index) =>
      index % 2 === 1
        ? `<code>${escapeHtml(part.slice(1, -1))}</code>`
        : escapeHtml(part).replace(/\*([^*]+)\*/g, '<em>$1</em>'),
    )
    .join('');
}

function paragraphsHtml(markdown: string): string {
  return markdown
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => `<p>${inlineHtml(paragraph)}</p>`)
    .join('\n');
}

// With an empty icon, browsers do not request /favicon.ico.
function document(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
${head}
</head>
<body>
${body}
</body>
</html>
`;
}

/**
 * The page that shows the contract with Redoc, from `/docs/redoc.js` and `/openapi.json`. Redoc sets styles at run
 * time, which needs `'unsafe-inline'` for styles only.
 * @param notice a line of HTML above the contract
 */
export function docsPage(notice = ''): Page {
  return {
    html: document(
      'Tasklane API',
      '<style>body { margin: 0 }</style>\n<script type="module" src="/docs/redoc.js"></script>',
      `${notice}<redoc spec-url="/openapi.json" disable-telemetry="true"></redoc>\n` +
        '<noscript><p>This page needs JavaScript. The contract itself is at <a href="/openapi.yaml">/openapi.yaml</a>.</p></noscript>',
    ),
    contentSecurityPolicy: policy({
      'script-src': "'self'",
      'style-src': "'unsafe-inline'",
      'img-src': 'data:',
      'font-src': 'data:',
      'connect-src': "'self'",
    }),
  };
}

const problemStyle = `<style>
:root { color-scheme: light dark }
body { margin: 0 auto; max-width: 40rem; padding: 3rem 1.5rem; font: 1rem/1.6 system-ui, sans-serif }
h1 { margin: 0 0 .5rem; font-size: 1.75rem; line-height: 1.25 }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem }
pre { padding: 1rem; overflow-x: auto; border-radius: .25em; background: #8882 }
pre code { padding: 0; background: none; white-space: pre; overflow-wrap: normal }
code { padding: .1em .3em; border-radius: .25em; background: #8882; font-size: .9em; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 1.5rem 0 }
dt { opacity: .7 }
dd { margin: 0 }
footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid #8884 }
</style>`;

/** The page at the address in a problem's `type` (RFC 9457 section 3.1.1). */
export function problemPage(problem: ProblemDescription): Page {
  const { code, title, status, description, action, example } = problem;
  return {
    html: document(
      `${title} · Tasklane`,
      problemStyle,
      `<main>
<h1>${escapeHtml(title)}</h1>
<dl>
<dt>Code</dt><dd><code>${escapeHtml(code)}</code></dd>
<dt>Status</dt><dd>${status}</dd>
</dl>
${paragraphsHtml(description)}
<h2>What to do</h2>
${paragraphsHtml(action)}
<h2>Example</h2>
<pre><code>${escapeHtml(JSON.stringify(example, null, 2))}</code></pre>
</main>
<footer><a href="/docs">Tasklane API documentation</a></footer>`,
    ),
    contentSecurityPolicy: policy({ 'style-src': "'unsafe-inline'", 'img-src': 'data:' }),
  };
}
