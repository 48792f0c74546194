/** The commands of virsh that the fake knows, each as its arguments and what it does. */

import { valueOf } from './command-line.mjs';
import { printDomain } from './domain-xml.mjs';
import { parseHostdev } from './hostdev-xml.mjs';
import { attachHostdev, findAlias, findHostdev, removeHostdev } from './hotplug.mjs';
import * as lifeCycle from './life-cycle.mjs';
import { Refusal } from './refusal.mjs';

/** @typedef {import('./world.mjs').State} State */
/** @typedef {import('./world.mjs').Domain} Domain */
/** @typedef {import('./world.mjs').Hostdev} Hostdev */
/** @typedef {import('./world.mjs').Fault} Fault */

/** @typedef {import('./command-line.mjs').Grammar & { run: (call: Call) => string }} Command */
/** @typedef {import('./command-line.mjs').CommandLine<Command>} CommandLine */
/** @typedef {{ state: State, uri: string, line: CommandLine, fault: Fault | undefined, readFile: (path: string) => string }} Call */

/** @type {Map<string, Command>} */
export const commands = new Map([
  [
    'list',
    {
      data: [],
      switches: ['all', 'inactive', 'uuid', 'name', 'state-running', 'state-paused', 'state-shutoff', 'state-other'],
      run: list,
    },
  ],
  ['dumpxml', { data: ['domain'], switches: [], run: dumpXml }],
  ['domstate', { data: ['domain'], switches: [], run: (call) => `${findDomain(call).state}\n` }],
  ['domuuid', { data: ['domain'], switches: [], run: (call) => `${findDomain(call, ['id', 'name']).uuid}\n` }],
  ['start', { data: ['domain'], switches: [], run: start }],
  ['destroy', { data: ['domain'], switches: [], run: destroy }],
  ['undefine', { data: ['domain'], switches: [], run: undefine }],
  ['save', { data: ['domain', 'file'], switches: [], run: save }],
  ['managedsave', { data: ['domain'], switches: [], run: managedSave }],
  ['restore', { data: ['file'], switches: [], run: restore }],
  ['attach-device', { data: ['domain', 'file'], switches: ['live'], run: attachDevice }],
  ['detach-device', { data: ['domain', 'file'], switches: ['live'], run: detachDevice }],
  ['qemu-monitor-command', { data: ['domain', 'cmd'], switches: ['hmp'], run: infoUsb }],
  ['detach-device-alias', { data: ['domain', 'alias'], switches: ['live'], run: detachDeviceAlias }],
]);

/** @param {Call} call @param {string} text */
export function unlessQuiet({ line }, text) {
  return line.quiet ? '' : text;
}

/**
 * By each in this order, so that a domain named "4" is hidden by the one with id 4.
 * @param {Call} call
 * @param {('id' | 'uuid' | 'name')[]} keys
 */
function findDomain({ state, uri, line }, keys = ['id', 'uuid', 'name']) {
  const wanted = valueOf(line, 'domain');
  const domains = state.domains.filter((domain) => domain.uri === uri);
  const matches = {
    /** @param {Domain} domain */
    id: ({ id }) => /^\s*\+?\d+$/.test(wanted) && id === Number(wanted),
    /** @param {Domain} domain */
    uuid: ({ uuid }) => uuid === wanted.toLowerCase(),
    /** @param {Domain} domain */
    name: ({ name }) => name === wanted,
  };
  for (const key of keys) {
    const domain = domains.find(matches[key]);
    if (domain !== undefined) return domain;
  }
  throw new Refusal(`failed to get domain '${wanted}'`);
}

/** @param {Call} call */
function list({ state, uri, line: { quiet, switches } }) {
  const inactive = switches.has('inactive') || switches.has('state-shutoff');
  const states = { running: 'state-running', paused: 'state-paused', 'shut off': 'state-shutoff' };
  const byState = [...switches].some((name) => name.startsWith('state-'));
  const listed = state.domains
    .filter((domain) => domain.uri === uri && (switches.has('all') || inactive === (domain.state === 'shut off')))
    .filter((domain) => !byState || switches.has(states[domain.state]))
    .sort(
      (a, b) =>
        Number(a.id < 0) - Number(b.id < 0) || a.id - b.id || (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1),
    );
  if (!switches.has('uuid') && !switches.has('name')) {
    return printTable(
      quiet ? [] : ['Id', 'Name', 'State'],
      listed.map(({ id, name, state }) => [id < 0 ? '-' : String(id), name, state]),
    );
  }
  // Seen of virsh 9.0: one space between, nothing padded.
  return listed
    .map(
      ({ uuid, name }) =>
        `${[...(switches.has('uuid') ? [uuid] : []), ...(switches.has('name') ? [name] : [])].join(' ')}\n`,
    )
    .join('');
}

/** @param {string[]} heading @param {string[][]} rows */
function printTable(heading, rows) {
  const lines = heading.length > 0 ? [heading, ...rows] : rows;
  const widths = [0, 1, 2].map((column) => Math.max(0, ...lines.map((cells) => cells[column]?.length ?? 0)));
  const printed = lines.map(
    (cells) =>
      ` ${cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd()}\n`,
  );
  if (heading.length > 0) printed.splice(1, 0, `${'-'.repeat(widths.reduce((sum, width) => sum + width + 3, 0))}\n`);
  return printed.join('');
}

/** @param {Call} call */
function dumpXml(call) {
  const domain = findDomain(call);
  const xml = printDomain(domain);
  for (const hostdev of domain.hostdevs) {
    if (hostdev.dumpsUntilGone === 1) removeHostdev(domain, hostdev);
    hostdev.dumpsUntilGone = Math.max(0, hostdev.dumpsUntilGone - 1);
  }
  return xml;
}

/** QEMU's `info usb`, the one command that is asked of it. @param {Call} call */
function infoUsb(call) {
  return findDomain(call)
    .hostdevs.filter(({ missing, lost }) => !missing && !lost)
    .map(
      ({ guestPort, alias }) =>
        `  Device 0.0, Port ${guestPort}, Speed 480 Mb/s, Product USB Host Device, ID: ${alias}\n`,
    )
    .join('')
    .concat('\n');
}

/** @param {Call} call */
function start(call) {
  const domain = findDomain(call, ['uuid', 'name']);
  if (domain.state !== 'shut off') throw new Refusal('Domain is already active');
  explain(`Failed to start domain '${domain.name}'`, () => {
    lifeCycle.bootDomain(call.state, domain);
  });
  return unlessQuiet(call, `Domain '${domain.name}' started\n`);
}

/** It repeats the domain as it was called, be it an id. @param {Call} call */
function destroy(call) {
  const domain = findDomain(call);
  const called = valueOf(call.line, 'domain');
  explain(`Failed to destroy domain '${called}'`, () => {
    lifeCycle.refuseUnlessRunning(domain);
    lifeCycle.haltDomain(call.state, domain);
  });
  return unlessQuiet(call, `Domain '${called}' destroyed\n`);
}

/** @param {Call} call */
function undefine(call) {
  const domain = findDomain(call);
  if (domain.managedSave !== null) throw new Refusal('Refusing to undefine while domain managed save image exists');
  explain(`Failed to undefine domain '${domain.name}'`, () => {
    lifeCycle.undefineDomain(call.state, domain);
  });
  return unlessQuiet(call, `Domain '${domain.name}' has been undefined\n`);
}

/** @param {Call} call */
function save(call) {
  const domain = findDomain(call);
  const file = valueOf(call.line, 'file');
  explain(`Failed to save domain '${domain.name}' to ${file}`, () => {
    lifeCycle.saveDomain(call.state, domain, file);
  });
  return unlessQuiet(call, `\nDomain '${domain.name}' saved to ${file}\n`);
}

/** @param {Call} call */
function managedSave(call) {
  const domain = findDomain(call);
  explain(`Failed to save domain '${domain.name}' state`, () => {
    lifeCycle.managedSaveDomain(call.state, domain);
  });
  return unlessQuiet(call, `\nDomain '${domain.name}' state saved by libvirt\n`);
}

/** @param {Call} call */
function restore(call) {
  const file = valueOf(call.line, 'file');
  explain(`Failed to restore domain from ${file}`, () => {
    lifeCycle.restoreDomain(call.state, call.uri, file);
  });
  return unlessQuiet(call, `Domain restored from ${file}\n`);
}

/** @param {Call} call */
function attachDevice(call) {
  const domain = findDomain(call);
  const file = valueOf(call.line, 'file');
  const xml = readDocument(call, file);
  change(call, domain, `Failed to attach device from ${file}`, () => {
    attachHostdev(call.state, domain, parseHostdev(xml));
  });
  return unlessQuiet(call, 'Device attached successfully\n');
}

/** @param {Call} call */
function detachDevice(call) {
  const domain = findDomain(call);
  const file = valueOf(call.line, 'file');
  const xml = readDocument(call, file);
  change(call, domain, `Failed to detach device from ${file}`, () => {
    detach(call, domain, findHostdev(domain, parseHostdev(xml)));
  });
  return unlessQuiet(call, 'Device detached successfully\n');
}

/** @param {Call} call */
function detachDeviceAlias(call) {
  const domain = findDomain(call);
  const alias = valueOf(call.line, 'alias');
  change(call, domain, `Failed to detach device with alias ${alias}`, () => {
    detach(call, domain, findAlias(domain, alias));
  });
  return unlessQuiet(call, 'Device detach request sent successfully\n');
}

/** @param {Call} call @param {Domain} domain @param {Hostdev} hostdev */
function detach({ fault }, domain, hostdev) {
  const { silentDetach } = fault ?? {};
  if (silentDetach === undefined) removeHostdev(domain, hostdev);
  else if (silentDetach !== true) hostdev.dumpsUntilGone = silentDetach;
}

/** @type {Partial<Record<string, string>>} */
const reasons = {
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EACCES: 'Permission denied',
  ENXIO: 'No such device or address',
  EISDIR: 'Is a directory',
};

/** @param {Call} call @param {string} path */
function readDocument({ readFile }, path) {
  try {
    return readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = reasons[code];
    if (reason === undefined) throw error;
    throw new Refusal(`Failed to ${code === 'EISDIR' ? 'read' : 'open'} file '${path}': ${reason}`);
  }
}

/** @param {Call} call @param {Domain} domain @param {string} failure @param {() => void} act */
function change({ fault }, domain, failure, act) {
  explain(failure, () => {
    if (fault?.jobLock) {
      throw new Refusal(
        'Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainAttachDevice)',
      );
    }
    lifeCycle.refuseUnlessRunning(domain);
    act();
  });
}

/** virsh says what failed, then why. @param {string} failure @param {() => void} act */
function explain(failure, act) {
  try {
    act();
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(`${failure}\n${error.message}`) : error;
  }
}
