import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A replacement in Redoc: code that would send requests to other hosts, violate the policy or link elsewhere. */
export interface Replacement {
  readonly why: string;
  readonly from: string;
  readonly to: string;
}

/** A text as an image, for pages that load nothing from other hosts. */
export function wordmark(text: string): string {
  const width = 8 * text.length;
  const svg =
    `<svg xmlns='http://www.w3.org/2000/svg' width='${width}' height='16'>` +
    `<text x='0' y='12' font-family='sans-serif' font-size='13' fill='#4478e8'>${text}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

const replacements: readonly Replacement[] = [
  {
    why: 'Telemetry stays disabled.',
    from: 'disabled:e.disabled??!1',
    to: 'disabled:!0',
  },
  {
    why: 'Telemetry has no address to send to.',
    from: '`https://otel.cloud.redocly.com/v1/traces`',
    to: '`data:,`',
  },
  {
    why: 'The default OpenTelemetry collector would be a program on the reader’s machine.',
    from: '`http://localhost:4318/`',
    to: '`data:,`',
  },
  {
    why: 'The logo comes from a CDN.',
    from: '`https://cdn.redoc.ly/redoc/logo-mini-full.svg`',
    to: `\`${wordmark('Redocly')}\``,
  },
  {
    why: 'The logo of the collapsed sidebar comes from a CDN.',
    from: '`https://cdn.redoc.ly/redoc/logo-mini.svg`',
    to: `\`${wordmark('R')}\``,
  },
  {
    why: 'Icons that a contract names with `x-icon` come from a CDN.',
    from: '`https://cdn.redocly.com/icons/fa/7.0.0`',
    to: '`data:,`',
  },
  {
    why: 'Icons of programming languages come from a CDN.',
    from: '`https://cdn.redocly.com/icons/code/5.24.0`',
    to: '`data:,`',
  },
  {
    why: 'The search worker is compiled from a string, which the policy forbids; search runs in the page instead.',
    from: 'function ZDe(){if(typeof window>`u`||typeof Worker>`u`)return!1;',
    to: 'function ZDe(){return!1;',
  },
  {
    why: 'The menu beside `Copy` sends the contract to other companies’ assistants.',
    from: 'if(!r.specUrl)return(0,V.jsx)(k$,{"data-testid":`page-actions`,children:d});',
    to: 'return(0,V.jsx)(k$,{"data-testid":`page-actions`,children:d});',
  },
];

/** Replaces a text that must occur exactly once, so that a new version of Redoc cannot skip a replacement unnoticed. */
export function replaceOnce(script: string, { why, from, to }: Replacement): string {
  const [before, after, ...more] = script.split(from);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`Redoc's bundle must contain this text exactly once: ${from}\n(${why})`);
  }
  return before + to + after;
}

function readFromCli(...path: string[]): string {
  return readFileSync(join(dirname(require.resolve('@redocly/cli/package.json')), ...path), 'utf8');
}

/** Redoc as @redocly/cli ships it, an ES module, changed so that it sends requests only to the service. */
export function redocScript(): string {
  return replacements.reduce(replaceOnce, readFromCli('lib', 'chunks', 'redoc.standalone.js'));
}

/** The licences of Redoc and of the code in its bundle, which must be distributed with it. */
export function redocLicences(): string {
  return `${readFromCli('LICENSE').trim()}\n\n${readFromCli('THIRD_PARTY_NOTICES').trim()}\n`;
}
