/** Makes the search index over guides, problems and operations. */
import { readFileSync } from 'node:fs';
import * as pagefind from 'pagefind';
import { plainText } from './sources.mjs';

/** Other words for pages and operations: by the id of a page, or the operationId. */
const words = JSON.parse(readFileSync(new URL('./search-words.json', import.meta.url), 'utf8'));

function checked({ errors, ...result }) {
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return result;
}

const escapeAttribute = (/** @type {string} */ text) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

function withWords(html, id) {
  const text = words[id]?.join(', ');
  return text === undefined
    ? html
    : html.replace(
        '</head>',
        `<meta data-pagefind-meta="words[content]" content="${escapeAttribute(text)}"></head>`,
      );
}

/**
 * @param {{ id: string, html: string }[]} pages
 * @param {{ id: string, method: string, path: string, title: string, description: string, address: string }[]} operations
 * @returns the files of the index, by path below the index's folder
 */
export async function searchIndex(pages, operations) {
  const known = new Set([...pages, ...operations].map(({ id }) => id));
  const unknown = Object.keys(words).filter((id) => !known.has(id));
  if (unknown.length > 0) throw new Error(`search-words.json names what is not there: ${unknown.join(', ')}`);

  const { index } = checked(await pagefind.createIndex({ forceLanguage: 'en' }));
  for (const { id, html } of pages) {
    checked(await index.addHTMLFile({ url: id === 'index' ? '/' : `/${id}`, content: withWords(html, id) }));
  }
  for (const { id, method, path, title, description, address } of operations) {
    checked(
      await index.addCustomRecord({
        url: address.replace(/^\/docs/, ''),
        language: 'en',
        content: plainText(description),
        meta: { title, operation: `${method} ${path}`, words: [id, ...(words[id] ?? [])].join(', ') },
      }),
    );
  }
  const { files } = checked(await index.getFiles());
  await pagefind.close();
  return files.filter(({ path }) => !/-ui\.|highlight/.test(path));
}
