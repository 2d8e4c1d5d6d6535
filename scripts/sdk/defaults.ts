/** Generates the values with which the SDK's copies fill in fields that they do not have. */
import type { syncDefaults } from '../../src/features/sync/shape';

/** The module with the fields of synchronized entities that have a `default` in the contract. */
export const sdkDefaults = (defaults: ReturnType<typeof syncDefaults>): string =>
  `/** This file was generated from the contract by npm run generate. Do not change it. */

/** The path and the value of each field with a \`default\` in the contract, by type of entity. */
export const fieldDefaults: Readonly<Record<string, readonly (readonly [path: string, value: unknown])[]>> = ${JSON.stringify(defaults, null, 2)};
`;
