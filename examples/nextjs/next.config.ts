import { join } from 'node:path';
import type { NextConfig } from 'next';
import { screens } from './lib/screens';

// The SDK is linked from this repository. An app that installs it from a registry needs neither of the roots.
const root = join(import.meta.dirname, '../..');

export default {
  turbopack: { root },
  outputFileTracingRoot: root,
  poweredByHeader: false,
  reactStrictMode: true,
  // All screens are one page, which opens without a network (see lib/router.ts).
  async rewrites() {
    const ids = screens.map(({ id }) => id).join('|');
    return [{ source: `/:screen(${ids})/:rest*`, destination: '/' }];
  },
  experimental: { proxyClientMaxBodySize: '32mb' },
} satisfies NextConfig;
