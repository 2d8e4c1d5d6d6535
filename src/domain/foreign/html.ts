/** Texts that other products write as HTML. */
import { type ForeignBuilder, textOf } from './foreign-task';

const hasMarkup = /<[a-z!/]|&(?:nbsp|lt|gt|quot|amp);/i;
const isTag = /^[a-z!/]/i;
const endsLine = /^(?:br|\/p|\/div|\/li)\b/i;

/** HTML as text. Only tags, line breaks and the commonest characters are read; other text stays as it is. */
export function plainText(html: string): string {
  if (!hasMarkup.test(html)) return html;
  const [first = '', ...parts] = html.split('<');
  const texts = parts.map((part) => {
    const end = part.indexOf('>');
    if (end < 0 || !isTag.test(part)) return `<${part}`;
    return (endsLine.test(part) ? '\n' : '') + part.slice(end + 1);
  });
  return (first + texts.join(''))
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .trim();
}

/** Adds HTML to the description as text. */
export function describeHtml(field: string, html: unknown, task: ForeignBuilder): void {
  const text = textOf(html);
  const plain = plainText(text);
  if (plain !== text) task.warn(field, text, plain, 'is HTML, of which the text is kept');
  task.describe(plain);
}
