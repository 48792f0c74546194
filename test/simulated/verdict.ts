// What must be so when the dust has settled, in the words of the product's promises.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { busOf } from '../../src/core/device.js';
import { markOf, parseMark } from '../../src/core/mark.js';
import { wantFileName } from '../../src/core/want.js';
import { recordFilesIn } from '../../src/host/record-files.js';
import { wantFilesIn } from '../../src/host/want-files.js';
import { nameOf } from '../wants.js';
import { nobody } from './claims.js';
import type { Story } from './happening.js';
import type { Host } from './host.js';
import type { Plugged } from './usb.js';

/** What was never allowed to happen, and did. */
function faultsOf({ libvirt, systemd, udev, usb }: Host): string[] {
  // Numbers come again: a mark can be of several plugs at a port.
  const plugsOf = (alias: string) => {
    const mark = parseMark(alias);
    return usb.ever.filter(({ port, deviceNumber }) => port === mark?.device && deviceNumber === mark.deviceNumber);
  };
  const timesOfNumber = (alias: string) => {
    const mark = parseMark(alias);
    return usb.ever.filter(
      ({ port, deviceNumber }) =>
        mark && busOf(nameOf(port)) === busOf(mark.device) && deviceNumber === mark.deviceNumber,
    ).length;
  };
  const ownersOf = (alias: string) => plugsOf(alias).flatMap((device) => [...udev.claims.everOf(device)]);
  const strangers = libvirt.attached.flatMap(({ domain, alias }) => {
    if (plugsOf(alias).some(({ kind }) => kind === 'hub')) return [`the hub ${alias} was attached to ${domain}`];
    return ownersOf(alias).includes(domain)
      ? []
      : [`${alias} was attached to ${domain}, and no rule named that domain for it`];
  });
  const victims = libvirt.tornOut.flatMap(({ domain, alias }) =>
    // With two plugs under one number nobody can be sure which of them it is, but by attaching it anew.
    timesOfNumber(alias) > 1 || ownersOf(alias).some((owner) => owner !== domain)
      ? []
      : [`${alias} was taken from ${domain}, and no rule ever named another domain for it`],
  );
  return [...libvirt.faults, ...strangers, ...victims, ...[...systemd.faults, ...udev.faults].map(String)];
}

/** What is not as it should be at the end of a story. */
export function findFaults(host: Host, ending: Story['ending']): string[] {
  const { libvirt, runDirectory, udev, usb } = host;
  const faults = faultsOf(host);
  const wants = wantFilesIn(runDirectory).readAll().wants;
  const rightful = new Set<string>();

  for (const device of usb.all()) {
    const want = wants.find((candidate) => wantFileName(candidate) === wantFileName(keyOf(device)));
    const owners = udev.claims.ownersOf(device);
    if (!owners.has(want?.domain ?? nobody)) {
      faults.push(
        `${nameIt(device)} is wanted by ${want?.domain ?? nobody}, and belongs to ${[...owners].join(' or ')}`,
      );
    }
    const alias = markOf(keyOf(device));
    const domain = libvirt.state.domains.find(({ name, state }) => name === want?.domain && state === 'running');
    const held = libvirt.state.domains.flatMap(({ name, hostdevs }) =>
      hostdevs.filter((hostdev) => hostdev.alias === alias).map((hostdev) => ({ name, hostdev })),
    );
    if (domain === undefined || device.kind === 'hub' || !device.configured) continue;
    if (held.length === 0 && domain.hostdevs.length >= domain.usbPorts) continue;
    if (held.length === 0 && ending === 'left alone' && isFlapping(host, device)) continue;
    const [place] = held;
    if (held.length !== 1 || place?.name !== domain.name) {
      faults.push(
        `${nameIt(device)} is in ${held.map(({ name }) => name).join(', ') || 'no domain'}, not in ${domain.name}`,
      );
    } else if ((place.hostdev.lost && !host.forgot) || place.hostdev.missing) {
      faults.push(`${nameIt(device)} is in ${domain.name} by name only`);
    } else {
      rightful.add(`${domain.name} ${alias}`);
    }
  }

  for (const { name, hostdevs } of libvirt.state.domains) {
    for (const { alias } of hostdevs) {
      if (parseMark(alias) !== undefined && !rightful.has(`${name} ${alias}`)) {
        // Where it should be has been said above; anywhere else it should not be.
        faults.push(`${alias} is left in ${name}`);
      }
    }
  }
  const present = usb.all().map((device) => wantFileName(keyOf(device)));
  for (const file of filesUnder(runDirectory)) {
    const [folder, name = ''] = file.split('/');
    const allowed =
      file === 'lock' ||
      (folder === 'ports'
        ? ending === 'left alone' || usb.all().some(({ port }) => name === `${port}.json`)
        : (folder === 'wants' || folder === 'state') && present.includes(name));
    if (!allowed) faults.push(`${file} is left`);
  }
  return faults;
}

/** Left alone until a sync, for it came and went too often. */
function isFlapping({ runDirectory }: Host, device: Plugged): boolean {
  const standing = recordFilesIn(runDirectory).read(keyOf(device))?.standing;
  return standing?.kind === 'refused' && ['flapping', 'still-flapping'].includes(standing.reason);
}

function keyOf({ port, deviceNumber }: Plugged) {
  return { device: nameOf(port), deviceNumber };
}

function nameIt({ port, deviceNumber, kind }: Plugged): string {
  return `the ${kind} at ${port}, device ${deviceNumber},`;
}

function filesUnder(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(directory, entry.name)).map((file) => `${entry.name}/${file}`) : [entry.name],
  );
}
