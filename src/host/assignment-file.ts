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

    write(items: readonly Item[]): void {
      writeWhole(path, formatAssignments(items));
    },
  };
}
