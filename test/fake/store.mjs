/** The fake libvirt's one file, which the processes of a test share: whole at any moment, one writer at a time. */

import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { newState } from './world.mjs';

/** @typedef {import('./world.mjs').State} State */
/** @typedef {{ args: string[], exitCode: number, time: string }} LoggedCall `time` as in ISO 8601 */

/** That of an untouched libvirt where nothing is stored. @param {string} storeDirectory @returns {State} */
export function loadState(storeDirectory) {
  const text = readIfThere(join(storeDirectory, 'state.json'));
  return text === undefined ? newState() : /** @type {State} */ (JSON.parse(text));
}

/** @param {string} storeDirectory @param {State} state */
export function saveState(storeDirectory, state) {
  const path = join(storeDirectory, 'state.json');
  const whole = `${path}.${process.pid}`;
  writeFileSync(whole, JSON.stringify(state));
  renameSync(whole, path);
}

/**
 * Changes the stored state while no virsh runs: `changeState(store, (state) => { stopDomain(state, 'win10'); })`.
 * @template Result
 * @param {string} storeDirectory
 * @param {(state: State) => Result} change
 * @returns {Result}
 */
export function changeState(storeDirectory, change) {
  return whileLocked(storeDirectory, () => {
    const state = loadState(storeDirectory);
    const result = change(state);
    saveState(storeDirectory, state);
    return result;
  });
}

/** @param {string} storeDirectory @param {LoggedCall} call */
export function logCall(storeDirectory, call) {
  appendFileSync(join(storeDirectory, 'calls.jsonl'), `${JSON.stringify(call)}\n`);
}

/** Every virsh run so far, in the order in which they took effect. @param {string} storeDirectory */
export function readCalls(storeDirectory) {
  // What stands behind the last end of line is being written.
  const lines = readIfThere(join(storeDirectory, 'calls.jsonl'))?.split('\n').slice(0, -1) ?? [];
  return /** @type {LoggedCall[]} */ (lines.map((line) => /** @type {unknown} */ (JSON.parse(line))));
}

/**
 * The lock is a symbolic link that names its holder's process, so it is made with its content and a dead
 * holder's is known as such.
 * @template Result
 * @param {string} storeDirectory
 * @param {() => Result} work
 * @returns {Result}
 */
export function whileLocked(storeDirectory, work) {
  mkdirSync(storeDirectory, { recursive: true });
  const lock = join(storeDirectory, 'lock');
  const deadline = Date.now() + 10_000;
  while (!makeLink(lock)) {
    if (Date.now() > deadline) throw new Error(`${lock} is held too long`);
    if (isStale(lock)) removeStale(lock);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
  try {
    return work();
  } finally {
    unlinkSync(lock);
  }
}

/** One process at a time looks again and removes; without that, two could and the second take a fresh lock away. @param {string} lock */
function removeStale(lock) {
  const removal = `${lock}.removal`;
  if (!makeLink(removal)) return;
  if (isStale(lock)) unlinkSync(lock);
  unlinkSync(removal);
}

/** @param {string} lock */
function isStale(lock) {
  try {
    process.kill(Number(readlinkSync(lock)), 0);
    return false;
  } catch (error) {
    return hasCode(error, 'ESRCH');
  }
}

/** @param {string} path */
function makeLink(path) {
  try {
    symlinkSync(String(process.pid), path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** @param {unknown} error @param {string} code */
function hasCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}
