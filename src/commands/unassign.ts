import type { CommandModule } from 'yargs';
import { describeMatch, describeOwner, type Assignment } from '../core/assignment.js';
import { assignmentsIn, withoutAssignments } from '../core/assignment-list.js';
import { isSameFace } from '../core/face.js';
import type { Selector } from '../core/selector.js';
import { readFace } from '../host/faces.js';
import { openAssigning, type Assigning } from './assigning.js';
import { CommandError, exitCodes } from './command-error.js';
import { worstOf } from './ending.js';
import { followTaken } from './follow.js';
import { openCommandLog, print } from './output.js';
import { selectorFrom } from './pick.js';

interface UnassignOptions {
  assignment: string[];
  keep: boolean;
}

export const unassignCommand: CommandModule<object, UnassignOptions> = {
  command: 'unassign <assignment..>',
  describe: 'Take assignments back, and their devices with them',
  builder: (args) =>
    args
      .positional('assignment', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'By its number in "assignments", or by what it goes by: port, ids or serial number',
      })
      .option('keep', {
        type: 'boolean',
        default: false,
        describe: 'Leave what is attached or waits as it is, until it is unplugged',
      }),
  async handler({ assignment: words, keep }) {
    const assigning = await openAssigning();
    const all = assignmentsIn(assigning.items);
    const removed = [...new Set(namesIn(words).flatMap((word) => named(word, all, assigning)))];
    const matches = removed.map(({ match }) => match);
    const known = await assigning.write(
      withoutAssignments(assigning.items, removed),
      keep ? [] : assigning.meantBy(...matches),
    );
    for (const gone of removed) print(`no longer assigned to ${describeOwner(gone)}: ${describeMatch(gone.match)}`);
    const log = openCommandLog(assigning.places);
    try {
      const codes: number[] = [];
      for (const device of known) codes.push(await followTaken(device, removed, assigning.places, log));
      process.exitCode = worstOf(codes);
    } finally {
      await log.close();
    }
  },
};

/** Two words, one of them padded with zeros, are bus and device number as lsusb prints them: 001 037. */
function namesIn(words: readonly string[]): readonly string[] {
  const numbers = words.length === 2 && words.every((word) => /^\d{1,3}$/.test(word));
  return numbers && words.some((word) => word.startsWith('0')) ? [words.join(' ')] : words;
}

function named(word: string, all: readonly Assignment[], assigning: Assigning): Assignment[] {
  const found = /^[1-9]\d*$/.test(word)
    ? all.slice(Number(word) - 1, Number(word))
    : all.filter((assignment) => isNamedBy(selectorFrom([word]), assignment, assigning));
  if (found.length === 0) {
    throw new CommandError(
      `there is no assignment ${word} in ${assigning.path}; "usb-libvirt-hotplug assignments" lists them`,
      exitCodes.notFound,
    );
  }
  return found;
}

/** Whether an assignment goes by what the selector names. */
function isNamedBy(selector: Selector, { match }: Assignment, { devices, places }: Assigning): boolean {
  switch (selector.kind) {
    case 'port':
    case 'numbers': {
      const port =
        selector.kind === 'port'
          ? selector.port
          : devices.find(
              ({ busNumber, deviceNumber }) =>
                busNumber === selector.busNumber && deviceNumber === selector.deviceNumber,
            )?.name;
      const face = port && readFace(places.sysfs, port);
      if (face === undefined || (match.kind !== 'port' && match.kind !== 'port+id')) return false;
      return match.faces.some((candidate) => isSameFace(candidate, face));
    }
    case 'behind': {
      const face = readFace(places.sysfs, selector.hub);
      return face !== undefined && match.kind === 'behind' && match.faces.some((one) => isSameFace(one, face));
    }
    case 'id':
      return (
        match.kind === 'id' && match.ids.vendorId === selector.vendorId && match.ids.productId === selector.productId
      );
    case 'serial':
      return match.kind === 'serial' && match.serial === selector.serial;
  }
}
