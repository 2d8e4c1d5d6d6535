/** The contract as Markdown: a page for each type of problem, and the twin of the reference. */

const firstSentence = (/** @type {string} */ text) =>
  text
    .trim()
    .replaceAll('\n', ' ')
    .split(/(?<=\.) /)[0]
    .replace(/\.$/, '');

function problemPage({ code, status, title, description, action, example }) {
  return {
    id: `problems/${code}`,
    title,
    description: firstSentence(description),
    markdown: `Status ${status} · code \`${code}\`

${description.trim()}

## What to do

${action.trim()}

## Example

\`\`\`json
${JSON.stringify(example, null, 2)}
\`\`\`
`,
  };
}

/** The list of all types of problem, and a page for each. */
export function problemPages(problems) {
  const rows = problems.map(
    ({ code, status, title }) => `| ${status} | [\`${code}\`](/docs/problems/${code}) | ${title} |`,
  );
  return [
    {
      id: 'problems',
      title: 'Problems',
      description: 'all types of errors, and what to do about each',
      markdown: `Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problems. Programs check \`code\`. \`type\` is the
address of a page that explains the problem.\n\n| status | code | title |\n|---|---|---|\n${rows.join('\n')}\n`,
    },
    ...problems.map(problemPage),
  ];
}
