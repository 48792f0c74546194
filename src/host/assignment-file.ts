import { join } from 'node:path';
import { formatAssignments, parseAssignments, type Item } from '../core/assignment-list.js';
import { readIfThere, writeWhole } from './files.js';

/** The one rules file of our own: assignments, and what a person added. */
export function assignmentFileIn(rulesDirectory: string) {
  const path = join(rulesDirectory, '80-usb-libvirt-hotplug.rules');
  return {
    path,

    read(): Item[] {
      return parseAssignments(readIfThere(path) ?? '');
    },

    /** Throws where a person's lines would not survive it. */
    write(items: readonly Item[]): void {
      // What UTF-8 does not know is read as this, and would be written so.
      if (readIfThere(path)?.includes('\ufffd') === true) {
        throw new Error(`${path} holds characters that are no UTF-8, and nothing was written; correct them first`);
      }
      writeWhole(path, formatAssignments(items));
    },
  };
}
