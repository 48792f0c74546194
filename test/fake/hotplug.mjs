/** What libvirt's QEMU driver does with USB hostdevs of a running domain, in the order of its checks (9.0). */

import { Refusal } from './refusal.mjs';

/** @typedef {import('./world.mjs').State} State */
/** @typedef {import('./world.mjs').Domain} Domain */
/** @typedef {import('./world.mjs').Hostdev} Hostdev */

/** @param {State} state @param {Domain} domain @param {Hostdev} hostdev */
export function attachHostdev(state, domain, hostdev) {
  if (hostdev.alias !== '' && domain.hostdevs.some(({ alias }) => alias === hostdev.alias)) {
    throw new Refusal(`unsupported configuration: non unique alias detected: ${hostdev.alias}`);
  }
  const guestPort = hostdev.guestPort || lowestFreePort(domain, domain.hostdevs);
  const found = findOnHost(state, hostdev);
  const { bus, device } = found ?? hostdev;
  if (found !== undefined) refuseIfInUse(state, domain.uri, found);
  const alias = hostdev.alias || nextAlias(domain);
  domain.hostdevs.push({ ...hostdev, bus, device, alias, guestPort, missing: found === undefined, lost: false });
}

/**
 * By bus and device if it has both; else by vendor and product, the first that is alike. The alias does not count.
 * @param {Domain} domain
 * @param {Hostdev} wanted
 */
export function findHostdev(domain, { bus, device, vendorId, productId }) {
  const located = bus !== 0 && device !== 0;
  const hostdev = domain.hostdevs.find((candidate) =>
    located
      ? candidate.bus === bus && candidate.device === device
      : candidate.vendorId === vendorId && candidate.productId === productId,
  );
  if (hostdev !== undefined) return hostdev;
  const called = located
    ? `${threeDigits(bus)}.${threeDigits(device)}`
    : `vendor=0x${vendorId || '0000'} product=0x${productId || '0000'}`;
  throw new Refusal(`device not found: host usb device ${called} not found`);
}

/** @param {Domain} domain @param {string} alias */
export function findAlias(domain, alias) {
  const hostdev = domain.hostdevs.find((candidate) => candidate.alias === alias);
  if (hostdev === undefined) throw new Refusal(`internal error: no device found with alias ${alias}`);
  return hostdev;
}

/** @param {Domain} domain @param {Hostdev} hostdev */
export function removeHostdev(domain, hostdev) {
  domain.hostdevs = domain.hostdevs.filter((candidate) => candidate !== hostdev);
}

/** @param {Domain} domain @param {Hostdev[]} hostdevs */
export function lowestFreePort(domain, hostdevs) {
  for (let port = 1; port <= domain.usbPorts; port++) {
    if (hostdevs.every(({ guestPort }) => guestPort !== port)) return port;
  }
  throw new Refusal('internal error: No free USB ports');
}

/** The device, or undefined where an optional one is not there. @param {State} state @param {Hostdev} hostdev */
function findOnHost(state, { bus, device, vendorId, productId, startupPolicy }) {
  // As our hook leaves it at a restore: libvirt then looks for nothing, and calls it missing.
  if (bus === 0 && vendorId === '' && startupPolicy === 'optional') return undefined;
  const alike = state.hostDevices.filter(
    (present) =>
      (bus === 0 || (present.bus === bus && present.device === device)) &&
      (vendorId === '' || (present.vendorId === vendorId && present.productId === productId)),
  );
  if (alike.length > 1) {
    const ids = [vendorId, productId].map((id) => parseInt(id, 16).toString(16)).join(':');
    throw new Refusal(`operation failed: Multiple USB devices for ${ids}, use <address> to specify one`);
  }
  if (alike[0] !== undefined || startupPolicy === 'optional' || startupPolicy === 'requisite') return alike[0];
  const called = [
    ...(vendorId === '' ? [] : [`${vendorId}:${productId}`]),
    ...(bus === 0 ? [] : [`bus:${bus} device:${device}`]),
  ];
  throw new Refusal(`internal error: Did not find USB device ${called.join(' ')}`);
}

/** @param {State} state @param {string} uri @param {{ bus: number, device: number }} device */
function refuseIfInUse(state, uri, { bus, device }) {
  const user = state.domains.find(
    (domain) =>
      domain.uri === uri &&
      domain.hostdevs.some((hostdev) => !hostdev.missing && hostdev.bus === bus && hostdev.device === device),
  );
  if (user === undefined) return;
  const name = `${threeDigits(bus)}:${threeDigits(device)}`;
  throw new Refusal(
    `Requested operation is not valid: USB device ${name} is in use by driver QEMU, domain ${user.name}`,
  );
}

/** @param {Domain} domain */
function nextAlias(domain) {
  const taken = domain.hostdevs.map(({ alias }) => Number(/^hostdev(\d+)$/.exec(alias)?.[1] ?? -1));
  return `hostdev${Math.max(-1, ...taken) + 1}`;
}

/** @param {number} number */
function threeDigits(number) {
  return String(number).padStart(3, '0');
}
