import { docsPage, type Page, problemPage } from '../../src/platform/docs/pages';

const problem = {
  code: 'task-not-found',
  title: 'Task not found',
  status: 404,
  description: 'It is gone.',
  action: 'List the tasks again.',
  example: { code: 'task-not-found' },
};

const pages: [string, Page][] = [
  ['documentation', docsPage()],
  ['problem', problemPage(problem)],
];

describe.each(pages)('the %s page', (_, { html, contentSecurityPolicy }) => {
  test('allows no content of other hosts, no inline scripts and no framing', () => {
    const directives = contentSecurityPolicy.split('; ');
    expect(directives).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(contentSecurityPolicy).not.toMatch(/\*|https?:|unsafe-eval|script-src[^;]*unsafe/);
  });

  test('contains no inline script and no address of another host', () => {
    expect(html).not.toMatch(/<script(?![^>]* src="\/)[^>]*>/);
    expect(html).not.toMatch(/ on\w+=/);
    expect(html).not.toMatch(/\w+:\/\/|["']\/\//);
  });

  test('requests no icon', () => {
    expect(html).toContain('<link rel="icon" href="data:,">');
  });
});

describe('a problem page', () => {
  test('names the code, the title, the status, what to do and an example', () => {
    const { html } = problemPage(problem);
    expect(html).toContain('<h1>Task not found</h1>');
    expect(html).toContain('<code>task-not-found</code>');
    expect(html).toContain('<dd>404</dd>');
    expect(html).toContain('<p>List the tasks again.</p>');
    expect(html).toContain('&quot;code&quot;: &quot;task-not-found&quot;');
  });

  test('renders paragraphs, code and emphasis', () => {
    const { html } = problemPage({
      ...problem,
      description: 'See `errors`\nfor *every* error.\n\nOr `a *b* <c>`.\n',
    });
    expect(html).toContain('<p>See <code>errors</code>\nfor <em>every</em> error.</p>\n<p>Or ');
    expect(html).toContain('<code>a *b* &lt;c&gt;</code>');
  });

  test('escapes the texts of the problem', () => {
    const hostile = '"><script>alert(1)</script>&\'';
    const { html } = problemPage({
      code: hostile,
      title: hostile,
      status: 400,
      description: hostile,
      action: hostile,
      example: { [hostile]: hostile },
    });
    expect(html).not.toContain('<script');
    expect(html).not.toContain(hostile);
    expect(html.match(/&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;&amp;&#39;/g)).toHaveLength(7);
  });
});
