import { join } from 'node:path';
import type { NextConfig } from 'next';

// The SDK is linked from this repository. An app that installs it from a registry needs neither of the roots.
const root = join(import.meta.dirname, '../..');

export default {
  turbopack: { root },
  outputFileTracingRoot: root,
  poweredByHeader: false,
  reactStrictMode: true,
  // All screens are one page, which opens without a network (see lib/router.ts).
  async rewrites() {
    const screens =
      'today|inbox|upcoming|overdue|all|project|tag|task|trash|board|statistics|settings|failed|search';
    return [{ source: `/:screen(${screens})/:rest*`, destination: '/' }];
  },
  experimental: { proxyClientMaxBodySize: '32mb' },
} satisfies NextConfig;
