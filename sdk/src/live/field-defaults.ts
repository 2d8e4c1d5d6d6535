/** This file was generated from the contract by npm run generate. Do not change it. */

/** The path and the value of each field with a `default` in the contract, by type of entity. */
export const fieldDefaults: Readonly<Record<string, readonly (readonly [path: string, value: unknown])[]>> = {};
