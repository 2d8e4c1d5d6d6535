import { errorOf } from '../../scripts/patterns';

describe('the check of regular expressions', () => {
  it.each([
    ['a search from each space', '\\s+$', ''],
    ['a look-ahead, which is checked by fuzzing', '(?=\\s)\\s+$', 'u'],
    ['nested repetitions', '^(a+)+$', 'u'],
  ])('reports %s', (_, source, flags) => {
    expect(errorOf({ source, flags })).toMatch(/polynomial|exponential/);
  });

  it.each([
    ['a bounded repetition', 'version ([^\\s,]{1,40}), which is not (\\S{0,40}[^\\s.])', ''],
    [
      'words that are found one after another',
      "\\d+|\\p{L}(?:[\\p{L}\\p{M}\\d_]|[-'’](?=\\p{L}))*|\\S",
      'gu',
    ],
  ])('accepts %s', (_, source, flags) => {
    expect(errorOf({ source, flags })).toBeNull();
  });
});
