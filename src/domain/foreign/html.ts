/** Descriptions that other products write as HTML. */
import { type ForeignBuilder, textOf } from './foreign-task';

const maxLength = 100_000;

/** HTML as text. Only tags, line breaks and the commonest characters are read. */
function plainText(html: string): string {
  return html
    .slice(0, maxLength)
    .replace(/<(?:br|\/p|\/div|\/li)\b[^<>]{0,200}>/gi, '\n')
    .replace(/<[^<>]{0,2000}>/g, '')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .trim();
}

const hasMarkup = /<[a-z!/]|&(?:nbsp|lt|gt|quot|amp);/i;

/** Adds HTML to the description as text. Other text is added as it is. */
export function describeHtml(field: string, html: unknown, task: ForeignBuilder): void {
  const text = textOf(html);
  const plain = hasMarkup.test(text) ? plainText(text) : text;
  if (plain !== text) task.warn(field, text, plain, 'is HTML, of which the text is kept');
  task.describe(plain);
}
