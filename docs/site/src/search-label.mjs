/**
 * The field of the search has only a `title`, which some assistive technology does not read. A plugin for Vite: the
 * field gets a label instead.
 */
export const searchLabel = {
  name: 'search-label',
  transform(code, id) {
    if (!id.includes('@pagefind/default-ui')) return undefined;
    const title = 'attr(input, "title", ';
    if (!code.includes(title)) throw new Error(`${id} has no ${title}.`);
    return { code: code.replaceAll(title, 'attr(input, "aria-label", '), map: null };
  },
};
