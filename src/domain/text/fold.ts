/** The folding of texts for searches: the same letters for texts that people type in different ways. */
import { foldCase } from './case';

const ascii = /^[\0-\x7f]*$/;

// Diacritics, as opposed to marks that are vowels or other letters of their own, for example in Thai and Hindi. The
// voicing marks of kana make other letters.
const diacritic =
  /(?![\u3099\u309a])(?=\p{M})[\p{Script=Inherited}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}]/gu;

// Letters without a decomposition in Unicode, as Unicode's transliteration to ASCII (CLDR, Latin-ASCII) writes them, and the
// letters that Arabic and Persian keyboards write differently. The last one, tatweel, only stretches words.
const others = new Map(
  [
    'æ=ae œ=oe ø=o ɵ=o đ=d ð=d ɖ=d ɗ=d ł=l ƚ=l ɫ=l þ=th ħ=h ŧ=t ƭ=t ʈ=t ŋ=n ɲ=n ƞ=n ı=i ɨ=i ɓ=b ƀ=b',
    'ƈ=c ȼ=c ƒ=f ǥ=g ɠ=g ƙ=k ĸ=q ʉ=u ʋ=v ƴ=y ɏ=y ƶ=z ȥ=z ς=σ ґ=г ى=ي ی=ي ک=ك ة=ه ـ=',
  ].flatMap((line) => line.split(' ').map((pair) => pair.split('=') as [string, string])),
);
const other = /[æœøɵđðɖɗłƚɫþħŧƭʈŋɲƞıɨɓƀƈȼƒǥɠƙĸʉʋƴɏƶȥςґىیکةـ]/gu;

/**
 * Removes compatibility forms (NFKD), diacritics and case, and replaces letters with strokes and ligatures: `Ǆ` becomes
 * `dz`, `Łódź` becomes `lodz`, and `Straße` becomes `strasse`.
 */
export function fold(text: string): string {
  if (ascii.test(text)) return text.toLowerCase();
  const bare = foldCase(text.normalize('NFKD').replace(diacritic, ''));
  return bare.replace(other, (letter) => others.get(letter) ?? letter);
}
