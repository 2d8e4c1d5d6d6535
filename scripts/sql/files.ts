/** Writes every SQL statement of the service into files for reviews. */
import { format } from 'sql-formatter';
import { record } from './recorder';
import { allSamples, type FileSamples, type Sample } from './samples';

const textsOf = (sample: Sample): Promise<readonly string[]> =>
  'texts' in sample ? Promise.resolve(sample.texts) : record(sample.call, sample.empty);

// Knex quotes every name. Names in lower case mean the same without quotes.
const needlessQuotes = /"([a-z_]+)"/g;

const maxWidth = 100;

/** Puts names of a list that have a line each on common lines, so that 30 columns do not take 30 lines. */
function joinNames(text: string): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const last = lines.at(-1);
    const isJoined = last !== undefined && /^ +[\w., ]+,$/.test(last) && /^ +[\w.]+,?$/.test(line);
    const joined = `${last} ${line.trim()}`;
    if (isJoined && joined.length <= maxWidth) lines[lines.length - 1] = joined;
    else lines.push(line);
  }
  return lines.join('\n');
}

function toReadable(text: string): string {
  const options = { language: 'postgresql', expressionWidth: maxWidth, keywordCase: 'preserve' } as const;
  return joinNames(format(text.replace(needlessQuotes, '$1'), options));
}

async function sectionsOf({ path, samples }: FileSamples): Promise<string> {
  const parts: string[] = [`-- ${path}`];
  for (const [name, sample] of Object.entries(samples)) {
    const texts = (await textsOf(sample)).map((text) => `${toReadable(text)};`);
    parts.push(`-- ${name}\n${texts.join('\n\n')}`);
  }
  return parts.join('\n\n');
}

/** The generated file that has the statements of a source file: one for each feature, and one for the platform. */
function fileOf(path: string): string {
  const [, floor, room] = path.split('/');
  return `generated/sql/${floor === 'features' ? room : 'platform'}.sql`;
}

/** The text of each generated file, by its path from the project's root. */
export async function sqlFiles(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const each of allSamples) {
    const file = fileOf(each.path);
    const sections = await sectionsOf(each);
    files[file] = files[file] === undefined ? `${sections}\n` : `${files[file]}\n${sections}\n`;
  }
  return files;
}
