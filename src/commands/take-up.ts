import type { Assignment } from '../core/assignment.js';
import type { Item } from '../core/assignment-list.js';
import { printable } from '../core/message.js';
import type { Assigning } from './assigning.js';
import { exitCodes } from './command-error.js';
import { worstOf } from './ending.js';
import { followGiven, isSameOwner, nameIn, ownerIn } from './follow.js';
import { openCommandLog, print } from './output.js';

interface Change {
  /** The file as it is to be. */
  readonly items: readonly Item[];
  readonly made: readonly Assignment[];
  /** What is told when it is written. */
  readonly told: string;
}

/** Writes the file with new assignments in it, sees their devices through to their domains, and tells how. */
export async function takeUp(assigning: Assigning, { items, made, told }: Change): Promise<number> {
  const touched = assigning.meantBy(...made.map(({ match }) => match));
  const known = await assigning.write(items, touched);
  print(told);
  if (touched.length === 0) print('nothing of that is plugged in now; it will be attached when it is');
  const log = openCommandLog(assigning.places);
  try {
    const codes: number[] = [];
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
