import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive } from './alive.js';

/**
 * Writes a file whole or not at all: beside its place, synced, renamed over it. A reader sees the old text
 * or the new one, whatever instruction the writer dies at. The half-written file's name begins with a dot.
 */
export function writeWhole(path: string, text: string): void {
  writeThrough(path, text, (draft) => {
    renameSync(draft, path);
  });
}

/** The same where nothing is yet; false, and nothing written, where there is something. */
export function writeNew(path: string, text: string): boolean {
  let written = false;
  writeThrough(path, text, (draft) => {
    written = linkUnlessThere(draft, path);
    rmSync(draft);
  });
  return written;
}

function writeThrough(path: string, text: string, putInPlace: (draft: string) => void): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const draft = draftOf(path);
  try {
    const file = openSync(draft, 'w', 0o644);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    putInPlace(draft);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Its name begins with a dot and ends with its writer. */
function draftOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}`);
}

function linkUnlessThere(file: string, path: string): boolean {
  try {
    linkSync(file, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a file that holds what the caller means, and that still does at that moment: it is put aside first, and
 * put back where somebody had just written it anew.
 */
export function removeIf(path: string, isMeant: (text: string) => boolean): void {
  const text = readIfThere(path);
  if (text === undefined || !isMeant(text)) return;
  const aside = draftOf(path);
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const taken = readIfThere(aside);
  if (taken !== undefined && !isMeant(taken)) linkUnlessThere(aside, path);
  rmSync(aside, { force: true });
}

/** Removes half-written files whose writers are gone: killed before they could put them in place. */
export function removeDrafts(directory: string): void {
  for (const name of readNames(directory)) {
    const writer = /^\..*\.(\d+)$/.exec(name)?.[1];
    if (writer !== undefined && !isAlive(Number(writer))) rmSync(join(directory, name), { force: true });
  }
}

/** The names in a directory, sorted, but for those that begin with a dot. An absent directory holds none. */
export function namesIn(directory: string): string[] {
  return readNames(directory)
    .filter((name) => !name.startsWith('.'))
    .sort();
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** A file's text; undefined when there is no such file, or it has just gone. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The same; '' for a directory, or whatever else somebody has put there that nobody can read. */
export function readOrNothing(path: string): string | undefined {
  try {
    return readIfThere(path);
  } catch {
    return '';
  }
}

/** sysfs answers with ENODEV or EIO for a device that goes while its attribute is read. */
function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENODEV', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '');
}
