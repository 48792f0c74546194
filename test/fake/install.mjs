import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';

/**
 * Puts a `virsh` into a directory that is to be on PATH. It needs no environment: the store's path is in it.
 * @param {string} binDirectory
 * @param {string} storeDirectory
 */
export function installFakeVirsh(binDirectory, storeDirectory) {
  const program = join(binDirectory, 'virsh');
  const words = [process.execPath, fileURLToPath(new URL('virsh.mjs', import.meta.url)), resolve(storeDirectory)];
  mkdirSync(binDirectory, { recursive: true });
  writeFileSync(program, `#!/bin/sh\nexec ${words.map(quote).join(' ')} "$@"\n`);
  chmodSync(program, 0o755);
  return program;
}

/** For a shell, whatever it holds. @param {string} word */
function quote(word) {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
