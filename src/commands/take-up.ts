import type { Assignment } from '../core/assignment.js';
import type { Item } from '../core/assignment-list.js';
import { printable } from '../core/message.js';
import { openCommandLog, type Assigning } from './assigning.js';
import { exitCodes } from './command-error.js';
import { followGiven, isSameOwner, nameIn, ownerIn, worstOf, type ExitCode } from './follow.js';
import { print } from './output.js';

/** Writes the file with these assignments in it, sees their devices through to their domains, and tells how. */
export async function takeUp(assigning: Assigning, items: readonly Item[], made: readonly Assignment[]) {
  const touched = assigning.meantBy(...made.map(({ match }) => match));
  const known = await assigning.write(items, touched);
  if (touched.length === 0) print('nothing of that is plugged in now; it will be attached when it is');
  const log = openCommandLog(assigning.places);
  try {
    const codes: ExitCode[] = [];
    for (const device of known) {
      const owner = ownerIn(device);
      if (owner !== undefined && !made.some((assignment) => isSameOwner(owner, assignment))) {
        print(`${nameIn(device)} belongs to ${printable(owner.domain)} all the same: a later line says so`);
        codes.push(exitCodes.done);
      } else codes.push(await followGiven(device, assigning.places, log));
    }
    return worstOf(codes);
  } finally {
    await log.close();
  }
}
