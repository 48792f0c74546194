import { join } from 'node:path';
import { formatAssignments, parseAssignments, type Item } from '../core/assignment-list.js';
import { readIfThere, writeWhole } from './files.js';

/** The one rules file of our own: assignments, and what a person added. */
export function assignmentFileIn(rulesDirectory: string) {
  const path = join(rulesDirectory, '80-usb-libvirt-hotplug.rules');
  const readText = () => readIfThere(path) ?? '';
  let seen = '';
  return {
    path,

    read(): Item[] {
      seen = readText();
      return parseAssignments(seen);
    },

    /** In place of what was read. Throws where a person's lines, or another command's, would not survive it. */
    write(items: readonly Item[]): void {
      if (readText() !== seen) {
        throw new Error(`${path} was changed by somebody else just now, and nothing was written; try it again`);
      }
      // What UTF-8 does not know is read as this, and would be written so.
      if (seen.includes('\ufffd')) {
        throw new Error(`${path} holds characters that are no UTF-8, and nothing was written; correct them first`);
      }
      writeWhole(path, formatAssignments(items));
    },
  };
}
