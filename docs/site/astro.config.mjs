import { satteri } from '@astrojs/markdown-satteri';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import { http } from './src/http-grammar.mjs';
import { searchLabel } from './src/search-label.mjs';
import { readGroups } from './src/sources.mjs';

export default defineConfig({
  base: '/docs',
  trailingSlash: 'never',
  // The service's content policy allows no inline styles, and inline scripts only by their hashes.
  build: { inlineStylesheets: 'never' },
  vite: { build: { assetsInlineLimit: 0 }, plugins: [searchLabel] },
  // Quotes and dashes stay as they are written: readers copy them.
  markdown: { processor: satteri({ features: { smartPunctuation: false } }) },
  telemetry: false,
  integrations: [
    starlight({
      title: 'Tasklane',
      favicon: '/favicon.svg',
      customCss: ['./src/style.css'],
      routeMiddleware: './src/route.mjs',
      // Readers search for other words than the pages have: `words` are such words of a page.
      pagefind: { ranking: { metaWeights: { title: 5, words: 3 } } },
      expressiveCode: {
        shiki: { langs: [http] },
        // Long lines wrap: code that scrolls sideways is hard to reach by keyboard, and to read on a phone.
        defaultProps: { frame: 'none', wrap: true },
        styleOverrides: {
          borderRadius: '0.4rem',
          codeFontSize: '0.8125rem',
          frames: { shadowColor: 'transparent' },
        },
      },
      lastUpdated: false,
      credits: false,
      // Headings get links to themselves in the pages of these files too.
      markdown: { processedDirs: ['../..'] },
      sidebar: readGroups().map(({ label, pages }) => ({
        label,
        items: pages.map((page) =>
          page.id === 'api' ? { label: page.label, link: '/api' } : { label: page.label, slug: page.id },
        ),
      })),
    }),
  ],
});
