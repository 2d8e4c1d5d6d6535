/** The program `tasklane`: finds the command, checks its arguments, and runs its module as the main module. */
import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';
import { projectPath } from '../platform/paths';
import { type CommandName, commands, overview, readArguments, refuse } from './arguments';

const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name);

const [name = '', ...args] = process.argv.slice(2);
if (['--help', '-h', 'help'].includes(name)) {
  process.stdout.write(overview());
} else if (name === '--version') {
  process.stdout.write(`${JSON.parse(readFileSync(projectPath('package.json'), 'utf8')).version}\n`);
} else if (!isCommand(name)) {
  refuse(name === '' ? 'A command is missing.' : `Unknown command: ${name}`, overview());
} else {
  readArguments(name, args);
  const module = name === 'serve' ? join(__dirname, '..', 'main.js') : join(__dirname, `${name}.js`);
  process.argv.splice(1, 2, module);
  (Module as unknown as { runMain(): void }).runMain();
}
