import type { CommandModule } from 'yargs';
import { assignmentFault, describeMatch, describeOwner, type Assignment, type Match } from '../core/assignment.js';
import { withAssignment } from '../core/assignment-list.js';
import { formatAssignment } from '../core/assignment-rule.js';
import { defaultUri, defaultUriFrom, domainNameFault, uriFault } from '../core/domain.js';
import { nameOf } from '../core/inventory.js';
import { parseSelector } from '../core/selector.js';
import { openAssigning, type Assigning } from './assigning.js';
import { CommandError, exitCodes } from './command-error.js';
import { matchFor, ways, type Way } from './meant.js';
import { connectOption, print } from './output.js';
import { selectorFrom } from './pick.js';
import { takeUp } from './take-up.js';

interface AssignOptions {
  device: string | undefined;
  domain: string | undefined;
  by: Way | undefined;
  controller: string | undefined;
  connect: string | undefined;
  'dry-run': boolean;
}

export const assignCommand: CommandModule<object, AssignOptions> = {
  command: 'assign <device> [domain]',
  describe: 'Give devices to a domain, now and whenever they are plugged in',
  builder: (args) =>
    args
      .positional('device', {
        type: 'string',
        describe: 'Any name a device has; none but the domain, with --controller, for whatever hangs at that',
      })
      .positional('domain', { type: 'string', describe: "The domain's name or UUID" })
      .option('by', {
        choices: ways,
        requiresArg: true,
        describe: 'What it is known by when it comes again (default: what it is named by here)',
      })
      .option('controller', {
        type: 'string',
        requiresArg: true,
        describe: 'Only at this USB controller, by its PCI address: 0000:00:14.0',
      })
      .option('connect', connectOption)
      .option('dry-run', { type: 'boolean', default: false, describe: 'Print the lines, and write nothing' }),
  async handler({ device, domain, by, controller, connect, 'dry-run': dryRun }) {
    const uri = connect ?? defaultUriFrom(process.env);
    const address = controller === undefined ? undefined : parseAddress(controller);
    const assigning = await openAssigning();
    const assignment = ((): Assignment => {
      if (domain !== undefined) {
        const world = { sysfs: assigning.places.sysfs, devices: assigning.devices };
        return describeNow(matchFor(selectorFrom([device ?? '']), by, address, world), { domain, uri }, assigning);
      }
      // With the domain forgotten, "assign 1-1 --controller …" is not meant for a domain named 1-1.
      if (address === undefined || by !== undefined || parseSelector(device ?? '').kind !== 'fault') {
        throw new CommandError('name a device, and the domain that it is to belong to', exitCodes.usage);
      }
      return { match: { kind: 'controller', controller: address }, domain: device ?? '', uri, note: '' };
    })();
    const fault = domainNameFault(assignment.domain) ?? uriFault(uri) ?? assignmentFault(assignment);
    if (fault !== undefined) throw new CommandError(fault, exitCodes.usage);
    if (dryRun) {
      print(...formatAssignment(assignment, uri !== defaultUri));
      return;
    }
    print(`assigned to ${describeOwner(assignment)}: ${describeMatch(assignment.match)}`);
    process.exitCode = await takeUp(assigning, withAssignment(assigning.items, assignment), [assignment]);
  },
};

/** "0000:00:14.0", or "00:14.0" in the domain that most hosts have alone. */
function parseAddress(text: string): string {
  const [, domain = '0000:', rest] = /^([0-9a-f]{4,}:)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i.exec(text) ?? [];
  if (rest === undefined) {
    throw new CommandError(`"${text}" is no controller's PCI address, as in 0000:00:14.0`, exitCodes.usage);
  }
  return `${domain}${rest}`.toLowerCase();
}

/** With what is plugged in there now, when that is one device. */
function describeNow(match: Match, owner: { domain: string; uri: string }, assigning: Assigning): Assignment {
  const [device, ...others] = assigning.meantBy(match);
  const note =
    device === undefined || others.length > 0
      ? ''
      : `${nameOf(device) || `${device.vendorId}:${device.productId}`} on port ${device.name}`;
  return { match, ...owner, note };
}
