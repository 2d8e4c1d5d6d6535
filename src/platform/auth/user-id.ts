const MAX_USER_ID_CHARACTERS = 255;
const CONTROL = /\p{Cc}/u;

/**
 * Whether `value` can name a lane: a well-formed string of 1 to 255 characters (code points) without controls or edge
 * white space. What a URL cannot carry as one path segment (`.`, `..`, and any with a slash or backslash) and the
 * names that every JavaScript object inherits are refused too.
 */
export function isUserId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    // A string of 255 characters has at most 510 code units: spares spreading a long one.
    value.length <= 2 * MAX_USER_ID_CHARACTERS &&
    value.isWellFormed() &&
    [...value].length <= MAX_USER_ID_CHARACTERS &&
    value.trim() === value &&
    !CONTROL.test(value) &&
    value !== '.' &&
    value !== '..' &&
    !value.includes('/') &&
    !value.includes('\\') &&
    !(value in Object.prototype)
  );
}
