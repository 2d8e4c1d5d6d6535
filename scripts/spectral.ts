/** Lints the served contract with all rules of Spectral for OpenAPI, and all rules of OWASP's API security top 10. */
import { readFileSync } from 'node:fs';
import { Document, type RulesetDefinition, Spectral } from '@stoplight/spectral-core';
import owasp from '@stoplight/spectral-owasp-ruleset';
import { Json } from '@stoplight/spectral-parsers';
import { oas } from '@stoplight/spectral-rulesets';
import { projectPath } from '../src/platform/paths';

/** Something that a rule finds in the contract. */
export interface Finding {
  readonly rule: string;
  /** A JSON pointer. */
  readonly at: string;
  readonly message: string;
}

/** A rule that is switched off, or does not apply to a part of the contract, with the reason. */
export interface Exception {
  readonly rule: string;
  /** Matches the pointers to which the rule does not apply; without it the rule is switched off. */
  readonly at?: RegExp;
  readonly reason: string;
}

const isPublic = /^#\/paths\/~1(?!api~1|calendar~1)/;
const needsNoToken = /^#\/paths\/~1(?!api~1)/;

/** The exceptions of the contract. */
export const exceptions: readonly Exception[] = [
  {
    rule: 'info-contact',
    reason: 'The contact is the operator of the service, whom the contract does not know.',
  },
  {
    rule: 'license-url',
    reason: 'OpenAPI 3.1 allows either a URL or an SPDX identifier; the contract has the latter.',
  },
  { rule: 'openapi-tags-alphabetical', reason: 'The tags are in the order in which people read them.' },
  {
    rule: 'oas3-operation-security-defined',
    reason: 'The rule is for OpenAPI 3.0: from 3.1 on, a security requirement of any type may list scopes.',
  },
  {
    rule: 'owasp:api2:2023-no-credentials-in-url',
    at: /~1calendar~1\{secret\}\.ics\//,
    reason:
      'Calendar programs cannot send a header. The secret opens one feed, is revocable, and is not logged.',
  },
  {
    rule: 'owasp:api2:2023-no-credentials-in-url',
    at: /~1sync\/get\/parameters\//,
    reason: 'A sync token is a position in a lane, and no credential.',
  },
  {
    rule: 'owasp:api2:2023-read-restricted',
    at: needsNoToken,
    reason:
      'Only what is below /api belongs to a user. The others are public, or have a secret in their address.',
  },
  {
    rule: 'owasp:api4:2023-array-limit',
    at: /\/(LaneExport|ExportedCompletion|Stats|ImportRow|ProtectedResource)\/properties\//,
    reason:
      'Responses, as long as the data or the configuration. contract/bounded-requests limits all requests.',
  },
  {
    rule: 'owasp:api4:2023-integer-limit',
    reason: 'contract/bounded-requests limits the numbers of requests. For responses, `format` is the limit.',
  },
  {
    rule: 'owasp:api4:2023-string-limit',
    reason: 'contract/bounded-requests limits the strings of requests. Responses need no limit.',
  },
  {
    rule: 'owasp:api4:2023-string-restricted',
    reason: 'Titles, names and descriptions are texts that people write freely.',
  },
  {
    rule: 'owasp:api4:2023-rate-limit',
    at: isPublic,
    reason: 'Health checks and documentation are not limited.',
  },
  {
    rule: 'owasp:api4:2023-rate-limit',
    at: /^#\/components\/responses\/(MethodNotAllowed|RequestTimeout|HeadersTooLarge)\//,
    reason: 'These are answered before a request is counted. contract/rate-limit-headers checks all others.',
  },
  {
    rule: 'owasp:api4:2023-rate-limit-responses-429',
    at: isPublic,
    reason: 'Health checks and documentation are not limited.',
  },
  {
    rule: 'owasp:api8:2023-define-cors-origin',
    reason: 'The CORS headers depend on the configured origins, and only browsers read them.',
  },
  {
    rule: 'owasp:api8:2023-define-error-responses-401',
    at: needsNoToken,
    reason: 'These operations need no token.',
  },
  {
    rule: 'owasp:api8:2023-define-error-responses-500',
    reason: 'Every operation declares 5XX, as rule/error-response requires. The rule knows only 500.',
  },
  {
    rule: 'owasp:api9:2023-inventory-environment',
    reason: 'Every instance serves the contract, and its server is the instance itself.',
  },
];

const escapeToken = (token: string | number) => String(token).replaceAll('~', '~0').replaceAll('/', '~1');

/** All findings of all rules in a bundled contract, given as JSON. */
export async function spectral(contract: string): Promise<Finding[]> {
  const linter = new Spectral();
  linter.setRuleset({
    extends: [
      [oas as RulesetDefinition, 'all'],
      [owasp, 'all'],
    ],
  });
  const results = await linter.run(new Document(contract, Json, 'openapi.json'));
  return results.map(({ code, path, message }) => ({
    rule: String(code),
    at: `#/${path.map(escapeToken).join('/')}`,
    message,
  }));
}

/** The findings without exception, and the exceptions without finding. */
export function judge(findings: readonly Finding[], allowed: readonly Exception[]) {
  const applies = ({ rule, at }: Exception, finding: Finding): boolean =>
    rule === finding.rule && (at === undefined || at.test(finding.at));
  return {
    broken: findings.filter((finding) => !allowed.some((each) => applies(each, finding))),
    unneeded: allowed.filter((each) => !findings.some((finding) => applies(each, finding))),
  };
}

async function main(): Promise<number> {
  const findings = await spectral(readFileSync(projectPath('generated', 'openapi.json'), 'utf8'));
  const { broken, unneeded } = judge(findings, exceptions);
  for (const { rule, at, message } of broken) process.stderr.write(`${at}: ${message} (${rule})\n`);
  for (const { rule, at } of unneeded)
    process.stderr.write(`Not needed: the exception ${rule} ${at ?? ''}\n`);
  return broken.length + unneeded.length === 0 ? 0 : 1;
}

if (require.main === module) {
  main().then((code) => {
    process.exitCode = code;
  });
}
