import type { CommandModule } from 'yargs';
import { assignmentFault, describeMatch, describeOwner, type Assignment, type Match } from '../core/assignment.js';
import { withAssignment } from '../core/assignment-list.js';
import { formatAssignment } from '../core/assignment-rule.js';
import { defaultUri, domainNameFault } from '../core/domain.js';
import { nameOf } from '../core/inventory.js';
import { parseSelector } from '../core/selector.js';
import { openAssigning, type Assigning } from './assigning.js';
import { CommandError, exitCodes } from './command-error.js';
import { hypervisorFrom } from './hypervisor.js';
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
    const uri = hypervisorFrom(connect);
    const address = controller === undefined ? undefined : parseAddress(controller);
    const assigning = await openAssigning();
    const words = { device, domain, by, controller: address };
    const assignment = describeNow(
      domain === undefined ? atController(words) : named(words, assigning),
      uri,
      assigning,
    );
    const fault = domainNameFault(assignment.domain) ?? assignmentFault(assignment);
    if (fault !== undefined) throw new CommandError(fault, exitCodes.usage);
    if (dryRun) {
      print(...formatAssignment(assignment, uri !== defaultUri));
      return;
    }
    process.exitCode = await takeUp(assigning, {
      items: withAssignment(assigning.items, assignment),
      made: [assignment],
      told: `assigned to ${describeOwner(assignment)}: ${describeMatch(assignment.match)}`,
    });
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

interface Words extends Pick<AssignOptions, 'device' | 'domain' | 'by'> {
  readonly controller: string | undefined;
}

function named({ device = '', domain = '', by, controller }: Words, { places, devices }: Assigning) {
  return { domain, match: matchFor(selectorFrom([device]), { way: by, controller }, { sysfs: places.sysfs, devices }) };
}

/** `assign --controller 0000:00:14.0 win10`: the one word is the domain. */
function atController({ device: domain = '', by, controller }: Words): { domain: string; match: Match } {
  // With the domain forgotten, "assign 1-1 --controller …" is not meant for a domain named 1-1.
  if (controller === undefined || by !== undefined || parseSelector(domain).kind !== 'fault') {
    throw new CommandError('name a device, and the domain that it is to belong to', exitCodes.usage);
  }
  return { domain, match: { kind: 'controller', controller } };
}

/** With what is plugged in there now, when that is one device. */
function describeNow(meant: { domain: string; match: Match }, uri: string, { meantBy }: Assigning): Assignment {
  const [device, ...others] = meantBy(meant.match);
  const note =
    device === undefined || others.length > 0
      ? ''
      : `${nameOf(device) || `${device.vendorId}:${device.productId}`} on port ${device.name}`;
  return { ...meant, uri, note };
}
