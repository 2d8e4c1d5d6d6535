/** Makes built pages fit a content policy without inline styles. */
import { createHash } from 'node:crypto';
import { parse } from 'parse5';

function* elementsOf(node) {
  if (node.tagName !== undefined) yield node;
  for (const child of node.childNodes ?? []) yield* elementsOf(child);
  if (node.content) yield* elementsOf(node.content);
}

const attribute = (element, name) => element.attrs.find((each) => each.name === name)?.value;

/** @param {string} text */
const hash = (text) => createHash('sha256').update(text).digest('base64');

/** The hashes of the inline scripts of a page, as a content policy names them. @param {string} html */
export function scriptHashes(html) {
  return [...elementsOf(parse(html))]
    .filter((element) => element.tagName === 'script' && attribute(element, 'src') === undefined)
    .map((element) => `'sha256-${hash(element.childNodes.map(({ value }) => value).join(''))}'`);
}

/** Collects the style attributes of pages in a stylesheet with a class for each. */
export class StyleClasses {
  /** @type {Map<string, string>} */
  #names = new Map();

  #nameOf(style) {
    const name = this.#names.get(style) ?? `s-${this.#names.size.toString(36)}`;
    this.#names.set(style, name);
    return name;
  }

  /** Replaces the style attributes of a page by classes. @param {string} html */
  replaceIn(html) {
    const edits = [];
    for (const element of elementsOf(parse(html, { sourceCodeLocationInfo: true }))) {
      const style = attribute(element, 'style');
      if (style === undefined) continue;
      const { attrs } = element.sourceCodeLocation.startTag ?? element.sourceCodeLocation;
      // A script shows the key of the search. Without it, the style sheet does.
      if (/^display:\s*none;?$/.test(style)) {
        edits.push({ ...attrs.style, text: '' });
        continue;
      }
      const name = this.#nameOf(style);
      const classes = attribute(element, 'class');
      if (classes === undefined) {
        edits.push({ ...attrs.style, text: `class="${name}"` });
      } else {
        edits.push({ ...attrs.class, text: `class="${classes} ${name}"` });
        edits.push({ ...attrs.style, text: '' });
      }
    }
    return edits
      .sort((a, b) => b.startOffset - a.startOffset)
      .reduce(
        (text, { startOffset, endOffset, text: by }) =>
          text.slice(0, startOffset) + by + text.slice(endOffset),
        html,
      );
  }

  /** The rules of all classes so far. */
  stylesheet() {
    return [...this.#names].map(([style, name]) => `.${name}{${style.replace(/;\s*$/, '')}}`).join('\n');
  }
}

/**
 * Moves the key of the search from the text of its button to the stylesheet: the name of a button must contain its text.
 * @param {string} html
 */
export function withoutKeyText(html) {
  const key = /(<kbd[^>]*>)Ctrl(<\/kbd><kbd[^>]*>)K(<\/kbd>)/;
  if (!key.test(html)) throw new Error('The button of the search has no key.');
  return html.replace(key, '$1$2$3');
}

/** Makes the empty headers of tables plain cells, because a header needs a name. @param {string} html */
export function withoutEmptyHeaders(html) {
  return html.replace(/<th([^>]*)><\/th>/g, '<td$1></td>');
}

/** Lets the stylesheet for code match the classes instead of the style attributes. @param {string} css */
export function codeStylesheet(css) {
  const selector = "span[style^='--']:not([class])";
  if (!css.includes(selector)) throw new Error(`The stylesheet for code has no ${selector}.`);
  return css.replaceAll(selector, "span[class^='s-']");
}

/** The links of a page and the ids of its elements, each without duplicates. @param {string} html */
export function linksAndIds(html) {
  const elements = [...elementsOf(parse(html))];
  const valuesOf = (name) =>
    new Set(elements.map((each) => attribute(each, name)).filter((each) => each !== undefined));
  return { links: valuesOf('href'), ids: valuesOf('id') };
}
