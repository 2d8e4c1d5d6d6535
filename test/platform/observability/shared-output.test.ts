/** Tests that processes which share a pipe do not mix their log lines. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { atomicPieces } from '../../../src/platform/observability/standard-output';
import { projectPath } from '../../../src/platform/paths';

const line = (length: number, letter = 'x') => `${letter.repeat(length - 1)}\n`;

test('lines are split into pieces that a pipe takes as a whole', () => {
  expect(atomicPieces('')).toEqual([]);
  expect(atomicPieces('a\nb\n')).toEqual(['a\nb\n']);
  const lines = line(2_000, 'a') + line(2_096, 'b') + line(1, 'c') + line(5_000, 'd') + line(10, 'e');
  expect(atomicPieces(lines).map((piece) => piece.length)).toEqual([4_096, 1, 5_000, 10]);
  expect(atomicPieces(lines).join('')).toBe(lines);
  // A character can have several bytes.
  expect(atomicPieces(`${'ä'.repeat(1_100)}\n`.repeat(2))).toHaveLength(2);
});

const program = `
  const { standardOutput } = require(${JSON.stringify(projectPath('src/platform/observability/standard-output.ts'))});
  const output = standardOutput(true);
  const name = process.argv[1];
  let turns = 0;
  const turn = () => {
    for (let n = 0; n < 40; n++) output.write(JSON.stringify({ name, text: name.repeat(400), end: true }) + '\\n');
    if (++turns < 50) setImmediate(turn);
    else output.flush(60_000).then(() => process.exit());
  };
  turn();`;

test('two processes that write to one slow pipe do not mix their lines', async () => {
  const register = projectPath('test', 'support', 'register-swc.cjs');
  const start = (name: string) => [process.execPath, '--require', register, '-e', program, name];
  // The shell gives both the same pipe.
  const shell = spawn(
    'sh',
    ['-c', '"$0" "$1" "$2" "$3" "$4" "$5" & "$0" "$1" "$2" "$3" "$4" "$6" & wait', ...start('a'), 'b'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  shell.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    // The pipe fills while nobody reads.
    shell.stdout.pause();
    setImmediate(() => shell.stdout.resume());
  });
  await once(shell, 'close');
  const lines = text.split('\n').filter(Boolean);
  const written = lines.map((each) => JSON.parse(each));
  expect(written.filter(({ name }) => name === 'a')).toHaveLength(2_000);
  expect(written.filter(({ name }) => name === 'b')).toHaveLength(2_000);
});
