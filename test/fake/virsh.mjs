/** The fake virsh: `node virsh.mjs STORE_DIRECTORY [virsh's arguments…]`. */

import { readFileSync, statSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer } from './libvirt.mjs';
import { loadState, logCall, saveState, whileLocked } from './store.mjs';

const [storeDirectory, ...args] = process.argv.slice(2);
if (storeDirectory === undefined) throw new Error('which store directory?');

const { stdout, stderr, exitCode, hangMs, killed } = whileLocked(storeDirectory, () => {
  const answered = answer(loadState(storeDirectory), args, readDocument);
  saveState(storeDirectory, answered.state);
  logCall(storeDirectory, { args, exitCode: answered.exitCode, time: new Date().toISOString() });
  return answered;
});
if (hangMs > 0) await sleep(hangMs);
if (killed) process.kill(process.pid, 'SIGKILL');
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;

/** No device and no pipe: a /dev/stdin that works from a shell is a socket from Node. @param {string} path */
function readDocument(path) {
  const found = statSync(path);
  if (!found.isFile() && !found.isDirectory()) throw Object.assign(new Error(path), { code: 'ENXIO' });
  return readFileSync(path, 'utf8');
}
