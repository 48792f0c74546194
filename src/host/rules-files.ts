import { basename, join } from 'node:path';
import { namesIn, readIfThere } from './files.js';

/** A rules file of udev's. */
export interface RulesFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The rules that udev goes through, in its order: by the files' names over all folders, where a file in an earlier
 * folder stands in for its namesakes in later ones.
 */
export function readRulesFiles(directories: readonly string[]): RulesFile[] {
  const paths = new Map<string, string>();
  for (const directory of directories) {
    for (const name of namesIn(directory)) {
      if (name.endsWith('.rules') && !paths.has(name)) paths.set(name, join(directory, name));
    }
  }
  return [...paths.values()]
    .sort((one, other) => (basename(one) < basename(other) ? -1 : 1))
    .flatMap((path) => {
      const text = readIfThere(path);
      return text === undefined ? [] : [{ path, text }];
    });
}
