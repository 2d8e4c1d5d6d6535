const MAX_USER_ID_CHARACTERS = 255;
const CONTROL = /\p{Cc}/u;

/**
 * Whether `value` can be a user id: well-formed text of 1 to 255 characters (code points) without control characters
 * and without white space at its ends. Text that a URL cannot contain as one path segment (`.`, `..`, and text with a
 * slash or backslash) and names that all JavaScript objects inherit are refused too.
 */
export function isUserId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    // 255 characters have at most 510 code units. This check avoids spreading a long string.
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
