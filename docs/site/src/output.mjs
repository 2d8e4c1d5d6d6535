/** Writes the site: its files, compressed once for all requests, and the list of them that the service reads. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const compressors = {
  // The best quality takes ten times as long. It pays for files that many pages share.
  br: (/** @type {Buffer} */ content, /** @type {boolean} */ isShared) =>
    promisify(brotliCompress)(content, {
      params: { [constants.BROTLI_PARAM_QUALITY]: isShared || content.length < 100_000 ? 11 : 9 },
    }),
  gzip: (/** @type {Buffer} */ content) => promisify(gzip)(content, { level: 9 }),
};

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * @typedef {object} SiteFile
 * @property {string} path its path in the folder
 * @property {string | Uint8Array} content
 * @property {readonly string[]} addresses the addresses at which the file is served
 * @property {string} contentSecurityPolicy
 * @property {string} [markdown] the address of its Markdown twin
 */

/** Compresses a file where that saves a tenth or more. */
async function encodingsOf(/** @type {Buffer} */ content, /** @type {boolean} */ isShared) {
  const encodings = {};
  for (const [name, compress] of Object.entries(compressors)) {
    const compressed = await compress(content, isShared);
    if (compressed.length < content.length * 0.9) encodings[name] = compressed;
  }
  return encodings;
}

/**
 * Replaces the folder of the site.
 * @param {string} folder
 * @param {SiteFile[]} files
 * @returns the bytes of all files, uncompressed and in brotli
 */
export async function writeSite(folder, files) {
  const next = `${folder}.next`;
  rmSync(next, { recursive: true, force: true });
  const policies = [...new Set(files.map(({ contentSecurityPolicy }) => contentSecurityPolicy))];
  const listed = {};
  const bytes = { plain: 0, br: 0 };
  for (const { path, content, addresses, contentSecurityPolicy, markdown } of files) {
    const buffer = Buffer.from(content);
    const immutable = /^_astro\/|^_redoc\/|^pagefind\/(fragment|index)\//.test(path);
    const encodings = await encodingsOf(buffer, immutable);
    const target = join(next, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, buffer);
    for (const [name, compressed] of Object.entries(encodings))
      writeFileSync(`${target}.${name}`, compressed);
    const entry = {
      path,
      type: types[extname(path)] ?? 'application/octet-stream',
      hash: createHash('sha256').update(buffer).digest('base64url').slice(0, 22),
      sizes: {
        identity: buffer.length,
        ...Object.fromEntries(Object.entries(encodings).map(([name, { length }]) => [name, length])),
      },
      immutable,
      policy: policies.indexOf(contentSecurityPolicy),
      ...(markdown !== undefined && { markdown }),
    };
    for (const address of addresses) {
      if (address in listed) throw new Error(`Two files of the site have the address ${address}.`);
      listed[address] = entry;
    }
    bytes.plain += buffer.length;
    bytes.br += encodings.br?.length ?? buffer.length;
  }
  writeFileSync(join(next, 'site.json'), JSON.stringify({ policies, files: listed }));
  rmSync(folder, { recursive: true, force: true });
  renameSync(next, folder);
  return bytes;
}
