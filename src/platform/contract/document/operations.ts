/** The contract's operations and schemas as types, generated from `openapi.yaml`. */
import type { components, operations } from '../../../../generated/openapi';

export type OperationId = keyof operations;
export type Schemas = components['schemas'];
export type ValidationError = Schemas['ValidationError'];
