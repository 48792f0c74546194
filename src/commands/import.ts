import { readFile } from 'node:fs/promises';
import type { CommandModule } from 'yargs';
import { assignmentFault, type Assignment, type Match } from '../core/assignment.js';
import { withAssignment } from '../core/assignment-list.js';
import { formatAssignment } from '../core/assignment-rule.js';
import { defaultUri, domainNameFault } from '../core/domain.js';
import { judgeMembers, parseManifest, type Condition, type Member } from '../core/eve.js';
import { printable } from '../core/message.js';
import { readFace } from '../host/faces.js';
import { openAssigning } from './assigning.js';
import { CommandError, exitCodes } from './command-error.js';
import { hypervisorFrom } from './hypervisor.js';
import { connectOption, note, print } from './output.js';
import { takeUp } from './take-up.js';

interface ImportOptions {
  format: 'eve';
  file: string | undefined;
  group: string[];
  connect: string | undefined;
  'dry-run': boolean;
}

export const importCommand: CommandModule<object, ImportOptions> = {
  command: 'import <format> <file>',
  describe: 'Take over assignments from elsewhere',
  builder: (args) =>
    args
      .positional('format', { choices: ['eve'] as const, demandOption: true, describe: "eve: EVE's model manifest" })
      .positional('file', { type: 'string', describe: 'The manifest, JSON with an ioMemberList' })
      .option('group', {
        type: 'string',
        array: true,
        demandOption: true,
        requiresArg: true,
        describe: 'GROUP=DOMAIN: to whom the members of a group (assigngrp) belong',
      })
      .option('connect', connectOption)
      .option('dry-run', { type: 'boolean', default: false, describe: 'Print the lines, and write nothing' }),
  async handler({ file = '', group, connect, 'dry-run': dryRun }) {
    const uri = hypervisorFrom(connect);
    const domains = domainsFrom(group);
    const members = await readMembers(file, domains);
    const assigning = await openAssigning();
    const made: Assignment[] = [];
    const left: string[] = [];
    for (const verdict of judgeMembers(members, domains)) {
      const label = printable(verdict.label);
      if (verdict.kind === 'left') {
        left.push(`${label} is left out: ${printable(verdict.why)}`);
        continue;
      }
      for (const condition of verdict.conditions) {
        const match = matchOf(condition, assigning.places.sysfs);
        if (typeof match === 'string') left.push(`${label} is left out: ${match}`);
        else made.push({ match, domain: verdict.domain, uri, note: `${label} in EVE's manifest` });
      }
    }
    const fault = made.map(assignmentFault).find((found) => found !== undefined);
    if (fault !== undefined) throw new CommandError(fault, exitCodes.usage);

    note(...left);
    const lines = made.flatMap((assignment) => formatAssignment(assignment, uri !== defaultUri));
    if (dryRun) print(...lines);
    else if (made.length === 0) throw new CommandError(`nothing in ${file} could be taken over`, exitCodes.failed);
    else {
      process.exitCode = await takeUp(assigning, {
        items: made.reduce(withAssignment, assigning.items),
        made,
        told: `${made.length} assigned, ${left.length} left out`,
      });
    }
  },
};

/** "GROUP=DOMAIN" each; a group's name has no "=" in it, a domain's may have. */
function domainsFrom(options: readonly string[]): Map<string, string> {
  const domains = new Map<string, string>();
  for (const option of options) {
    const [, group, domain = ''] = /^([^=]+)=(.*)$/s.exec(option) ?? [];
    if (group === undefined) throw new CommandError(`--group "${option}" should be GROUP=DOMAIN`, exitCodes.usage);
    const fault = domainNameFault(domain);
    if (fault !== undefined) throw new CommandError(fault, exitCodes.usage);
    const other = domains.get(group);
    if (other !== undefined && other !== domain) {
      const both = `${printable(other)} and ${printable(domain)}`;
      throw new CommandError(`--group gives ${printable(group)} to ${both}; a group has one domain`, exitCodes.usage);
    }
    domains.set(group, domain);
  }
  return domains;
}

async function readMembers(file: string, domains: ReadonlyMap<string, string>): Promise<Member[]> {
  const members = parseManifest(await readText(file));
  if (members === undefined) {
    throw new CommandError(
      `${file} is no manifest of EVE's: JSON with an "ioMemberList" is expected`,
      exitCodes.failed,
    );
  }
  for (const group of domains.keys()) {
    if (members.some((member) => member.group === group)) continue;
    const groups = [...new Set(members.map((member) => member.group))].filter((name) => name !== '');
    throw new CommandError(
      `no member of ${file} is in group ${printable(group)}; its groups are ${printable(groups.join(', '))}`,
      exitCodes.notFound,
    );
  }
  return members;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new CommandError(`${file} cannot be read: ${why}`, exitCodes.failed);
  }
}

/** As lines of ours know it again, or in words why this host cannot have it. EVE means one face of a socket. */
function matchOf({ port, ids, controller }: Condition, sysfs: string): Match | string {
  if (port !== undefined) {
    const face = readFace(sysfs, port);
    if (face === undefined) return `this host has no bus ${port.split('-', 1).join()}`;
    if (controller !== undefined && !face.controller.endsWith(`/${controller}`)) {
      return `bus ${port.split('-', 1).join()} hangs at ${face.controller}, not at ${controller}`;
    }
    return ids === undefined ? { kind: 'port', faces: [face] } : { kind: 'port+id', faces: [face], ids };
  }
  if (ids !== undefined) return { kind: 'id', ids, controller };
  return controller === undefined ? 'it asks for nothing that could be told apart' : { kind: 'controller', controller };
}
