/** The commands of the program `tasklane`, their arguments, and the help for both. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** A command as its help describes it. */
interface Command {
  /** The arguments, as the first line of the help shows them. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The rest of the help. */
  readonly details: string;
  readonly options: ParseArgsOptionsConfig;
  /** How many arguments without a name the command takes, and which values the first can have. */
  readonly positionals: {
    readonly least: number;
    readonly most: number;
    readonly choices?: readonly string[];
  };
}

const database = `It uses the database of DATABASE_URL and DATABASE_DIRECT_URL, or else the embedded Postgres in DATA_DIR.`;

/** All commands. A module of this directory with the same name runs each of them, except for `serve`. */
export const commands = {
  serve: {
    usage: '',
    summary: 'Starts the service.',
    details: `The environment and the file .env in the working directory configure it. Without DATABASE_URL it starts an
embedded Postgres, with its data in DATA_DIR (.data by default). SIGTERM stops it.`,
    options: {},
    positionals: { least: 0, most: 0 },
  },
  migrate: {
    usage: '[up [--distribute] | down [--all] | status]',
    summary: 'Applies, rolls back or lists the migrations of the database.',
    details: `  up       applies all pending migrations, sets up the roles and links lanes to accounts (default); with --distribute, it
           also distributes the lanes over the workers of a Citus cluster
  down     rolls the last migration back; with --all, all of them
  status   lists the applied and the pending migrations
${database}`,
    options: { all: { type: 'boolean' }, distribute: { type: 'boolean' } },
    positionals: { least: 0, most: 1, choices: ['up', 'down', 'status'] },
  },
  doctor: {
    usage: '[--json]',
    summary: 'Checks the database of a deployment, and says what to do about each problem. It only reads.',
    details: `  --json   prints the findings as JSON
The exit code is 1 if there are problems. ${database}`,
    options: { json: { type: 'boolean' } },
    positionals: { least: 0, most: 0 },
  },
  token: {
    usage: '<user_id> [--lifetime <seconds>] [--email <address>] [--name <name>] [--mcp]',
    summary: 'Prints a token for development.',
    details: `  --lifetime   the seconds for which the token is valid (3600 by default)
  --email      the email address in the token
  --name       the name in the token
  --mcp        makes a token for the MCP server at /mcp
It needs the configuration of the service, and refuses if NODE_ENV is production.`,
    options: {
      lifetime: { type: 'string' },
      email: { type: 'string' },
      name: { type: 'string' },
      mcp: { type: 'boolean' },
    },
    positionals: { least: 1, most: 1 },
  },
  restored: {
    usage: '',
    summary: 'Gives all lanes new epochs. Run it after the database was restored from a backup.',
    details: `Copies and event streams of clients then start again. It can be run at any time and more than once. ${database}`,
    options: {},
    positionals: { least: 0, most: 0 },
  },
  mcp: {
    usage: '',
    summary: 'Runs an MCP server on standard input and output, which calls a service.',
    details: `  TASKLANE_URL     the address of the service (http://localhost:8000 by default)
  TASKLANE_TOKEN   a token of the user, or TASKLANE_TOKEN_FILE with the path of a file that contains it
  TASKLANE_USER    the id of the user (by default the \`sub\` of the token)`,
    options: {},
    positionals: { least: 0, most: 0 },
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;

/** The help for all commands. */
export function overview(): string {
  const names = Object.keys(commands) as CommandName[];
  const lines = names.map((name) => `  ${name.padEnd(9)} ${commands[name].summary}\n`);
  return `Usage: tasklane <command> [arguments]\n\n${lines.join('')}\n"tasklane <command> --help" describes a command. "tasklane --version" prints the version.\n`;
}

/** The help for one command. */
export function helpFor(name: CommandName): string {
  const { usage, summary, details } = commands[name];
  return `Usage: ${['tasklane', name, usage].filter(Boolean).join(' ')}\n\n${summary}\n${details}\n`;
}

/** The values of the options of all commands. */
type Values = Partial<
  Record<'help' | 'all' | 'distribute' | 'mcp' | 'json', boolean> &
    Record<'lifetime' | 'email' | 'name', string>
>;

export interface Arguments {
  readonly values: Values;
  readonly positionals: readonly string[];
}

function parse(name: CommandName, args: readonly string[]): Arguments {
  const options: ParseArgsOptionsConfig = {
    ...commands[name].options,
    help: { type: 'boolean', short: 'h' },
  };
  return parseArgs({ args: [...args], options, allowPositionals: true }) as Arguments;
}

/** Why these arguments are refused; null if they are not. */
function problemOf(name: CommandName, { values, positionals }: Arguments): string | null {
  const { least, most, choices }: Command['positionals'] = commands[name].positionals;
  const [first] = positionals;
  if (positionals.length < least) return 'An argument is missing.';
  if (positionals.length > most) return `Unexpected argument: ${positionals[most]}`;
  if (first !== undefined && choices && !choices.includes(first)) return `Unexpected argument: ${first}`;
  if (name === 'migrate' && values.all && first !== 'down') return '--all is only for down.';
  if (name === 'migrate' && values.distribute && (first ?? 'up') !== 'up')
    return '--distribute is only for up.';
  if (values.lifetime !== undefined && !/^[1-9]\d{0,9}$/.test(values.lifetime)) {
    return '--lifetime must be a whole number of seconds above 0.';
  }
  return null;
}

/** Refuses the arguments: prints the reason and the help to the standard error, and ends the process with 2. */
export function refuse(reason: string, help: string): never {
  process.stderr.write(`${reason}\n\n${help}`);
  process.exit(2);
}

/**
 * The arguments of a command; by default those of the process. With `--help` it prints the help and ends the process. It refuses
 * arguments that the command does not have.
 */
export function readArguments(name: CommandName, args = process.argv.slice(2)): Arguments {
  let parsed: Arguments;
  try {
    parsed = parse(name, args);
  } catch (error) {
    return refuse((error as Error).message, helpFor(name));
  }
  if (parsed.values.help) {
    process.stdout.write(helpFor(name));
    process.exit(0);
  }
  const problem = problemOf(name, parsed);
  return problem === null ? parsed : refuse(problem, helpFor(name));
}
