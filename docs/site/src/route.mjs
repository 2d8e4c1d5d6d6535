import { defineRouteMiddleware } from '@astrojs/starlight/route-data';

/** Each page names its Markdown twin. */
export const onRequest = defineRouteMiddleware((context) => {
  const { id, head } = context.locals.starlightRoute;
  if (id === '404') return;
  const href = `/docs/${id || 'index'}.md`;
  head.push({ tag: 'link', attrs: { rel: 'alternate', type: 'text/markdown', href } });
});
