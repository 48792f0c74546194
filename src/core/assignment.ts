import { defaultUri } from './domain.js';
import { describeFaces, isAt, isBehindFace, isSameFace, type Face, type Placed } from './face.js';
import { controllerOf } from './inventory.js';
import { printable } from './message.js';
import { matchFault, valueFault } from './udev-value.js';

/** Which devices are meant, lastingly. Ids are four lowercase hex digits each. */
export type Match =
  /** Whatever hangs at a controller, by its PCI address: "0000:00:14.0". */
  | { readonly kind: 'controller'; readonly controller: string }
  | { readonly kind: 'id'; readonly ids: Ids; readonly controller: string | undefined }
  | { readonly kind: 'serial'; readonly ids: Ids; readonly serial: string; readonly controller: string | undefined }
  /** Whatever is plugged in behind a hub; the hub itself stays with the host. */
  | { readonly kind: 'behind'; readonly faces: Faces }
  | { readonly kind: 'port'; readonly faces: Faces }
  | { readonly kind: 'port+id'; readonly faces: Faces; readonly ids: Ids };

/** A socket's, one or two. */
export type Faces = readonly [Face, ...Face[]];

export interface Ids {
  readonly vendorId: string;
  readonly productId: string;
}

/** "These devices belong to that domain", until somebody says otherwise. */
export interface Assignment {
  readonly match: Match;
  /** A name or a UUID. */
  readonly domain: string;
  readonly uri: string;
  /** What was plugged in when it was made; empty when nothing was. For people. */
  readonly note: string;
}

/** A plugged device, as far as assignments look at it. */
export interface AssignableDevice extends Ids, Placed {
  readonly hub: boolean;
  /** As sysfs has it, which udev's ATTR{serial} matches; udev's own ID_SERIAL_SHORT has odd characters replaced. */
  readonly ownSerial: string;
}

/** Whether a device is meant. */
export function isMeant(match: Match, device: AssignableDevice): boolean {
  switch (match.kind) {
    case 'controller':
      return !device.hub && controllerOf(device.devpath) === match.controller;
    case 'id':
      return hasIds(device, match.ids) && isAtController(device, match.controller);
    case 'serial':
      return hasIds(device, match.ids) && device.ownSerial === match.serial && isAtController(device, match.controller);
    case 'behind':
      return !device.hub && match.faces.some((face) => isBehindFace(face, device));
    case 'port':
      return match.faces.some((face) => isAt(face, device));
    case 'port+id':
      return hasIds(device, match.ids) && match.faces.some((face) => isAt(face, device));
  }
}

function hasIds(device: Ids, { vendorId, productId }: Ids): boolean {
  return device.vendorId === vendorId && device.productId === productId;
}

function isAtController({ devpath }: Placed, controller: string | undefined): boolean {
  return controller === undefined || controllerOf(devpath) === controller;
}

/**
 * What an assignment yields to, least first: a controller's yields to one by id, that to one by port, and that to one
 * by port and id; within these, what says less yields to what says more. A list to compare place by place.
 */
export function precedenceOf(match: Match): readonly number[] {
  switch (match.kind) {
    case 'controller':
      return [0];
    case 'id':
      return [1, 0, match.controller === undefined ? 0 : 1];
    case 'serial':
      return [1, 1, match.controller === undefined ? 0 : 1];
    case 'behind':
      return [2, 0, ...match.faces.slice(0, 1).map(depthOf)];
    case 'port':
      return [2, 1];
    case 'port+id':
      return [3];
  }
}

/** Hubs on the way from the root hub, which is none. */
function depthOf({ chain }: Face): number {
  return chain === '' ? 0 : chain.split('.').length;
}

/**
 * What is left of an assignment when another is made that means the same: nothing, or the faces of a socket that the
 * other does not speak of.
 */
export function leftBeside(old: Assignment, made: Match): Assignment | undefined {
  const { match } = old;
  if (!('faces' in match) || !('faces' in made)) return isSameMatch(match, made) ? undefined : old;
  if (!isSameMatch({ ...match, faces: made.faces }, made)) return old;
  const [face, ...faces] = match.faces.filter((kept) => !made.faces.some((taken) => isSameFace(kept, taken)));
  return face === undefined ? undefined : { ...old, match: { ...match, faces: [face, ...faces] } };
}

function isSameMatch(one: Match, other: Match): boolean {
  return JSON.stringify(sortedEntries(one)) === JSON.stringify(sortedEntries(other));
}

function sortedEntries(match: Match): [string, unknown][] {
  return Object.entries(match).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** What is meant, in words: `046d:c52b in port 4.2 (USB 2) of controller 0000:00:14.0`. */
export function describeMatch(match: Match): string {
  const at = 'controller' in match && match.controller !== undefined ? ` at controller ${match.controller}` : '';
  const ids = 'ids' in match ? `${match.ids.vendorId}:${match.ids.productId}` : '';
  switch (match.kind) {
    case 'controller':
      return `whatever hangs at controller ${match.controller}`;
    case 'id':
      return `${ids}${at}`;
    case 'serial':
      return `${ids} with serial number ${printable(match.serial)}${at}`;
    case 'behind':
      return `whatever is behind ${describeFaces(match.faces)}`;
    case 'port':
      return `whatever is in ${describeFaces(match.faces)}`;
    case 'port+id':
      return `${ids} in ${describeFaces(match.faces)}`;
  }
}

/** `win10`, or `win10 at qemu:///session`. */
export function describeOwner({ domain, uri }: Pick<Assignment, 'domain' | 'uri'>): string {
  return `${printable(domain)}${uri === defaultUri ? '' : ` at ${uri}`}`;
}

/** Why an assignment cannot be written as a rule of udev's, in words; undefined when it can. */
export function assignmentFault({ match, domain, uri }: Assignment): string | undefined {
  const faults = [
    ['the serial number', match.kind === 'serial' ? matchFault(match.serial) : undefined],
    ["the domain's name", valueFault(domain)],
    ["the hypervisor's URI", valueFault(uri)],
  ].flatMap(([what, fault]) => (fault === undefined ? [] : [`${what ?? ''} cannot be written into a rule: ${fault}`]));
  return faults[0];
}
