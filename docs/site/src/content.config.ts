import { defineCollection } from 'astro:content';
import { docsSchema } from '@astrojs/starlight/schema';
import { readPages } from './sources.mjs';

export const collections = {
  docs: defineCollection({
    schema: docsSchema(),
    loader: {
      name: 'tasklane-docs',
      async load({ store, parseData, renderMarkdown, generateDigest }) {
        store.clear();
        const missing = { title: 'Page not found', template: 'splash', editUrl: false, pagefind: false };
        store.set({
          id: '404',
          data: await parseData({ id: '404', data: missing }),
          rendered: await renderMarkdown(
            'The documentation has no such page. See [all guides](/docs) or the [API](/docs/api).',
          ),
        });
        for (const { id, title, description, markdown, file, isSearched } of readPages()) {
          const data = await parseData({
            id,
            data: { title, description, editUrl: false, pagefind: isSearched },
          });
          const { html, ...rest } = await renderMarkdown(markdown, { fileURL: file });
          const rendered = { ...rest, html: id === 'index' ? `<div class="overview">${html}</div>` : html };
          store.set({ id, data, body: markdown, rendered, digest: generateDigest(markdown) });
        }
      },
    },
  }),
};
