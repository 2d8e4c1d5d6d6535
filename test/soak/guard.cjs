/**
 * A process that outlives the soak test by a moment. It kills what the test started if the test ends without doing so, for
 * example after `kill -9`. It reads lines: `pid <pid>` for a process that was started, `gone <pid>` for one that has ended, and
 * `data <directory>` for the directory of a database.
 */
const { readdirSync, readFileSync, rmSync } = require('node:fs');
const { join } = require('node:path');

const pids = new Set();
const directories = new Set();

function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** A process and its children. The children of a postmaster can be stopped. */
function family(pid) {
  try {
    const all = readdirSync('/proc').filter((each) => /^\d+$/.test(each));
    return [pid, ...all.map(Number).filter((each) => parentOf(each) === pid)];
  } catch {
    return [pid];
  }
}

function kill(pid) {
  for (const each of family(pid)) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

function killPostmaster(directory) {
  try {
    const file = join(directory, 'postgres', 'cluster', 'data', 'postmaster.pid');
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    if (commandLine.includes(directory)) kill(pid);
  } catch {
    // None runs.
  }
}

let text = '';
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  text += chunk;
  const lines = text.split('\n');
  text = lines.pop();
  for (const line of lines) {
    const [what, value] = [line.slice(0, 4).trim(), line.slice(4).trim()];
    if (what === 'pid') pids.add(Number(value));
    else if (what === 'gone') pids.delete(Number(value));
    else directories.add(value);
  }
});
process.stdin.on('end', () => {
  for (const pid of pids) kill(pid);
  for (const directory of directories) {
    killPostmaster(directory);
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
});
