// EVE's model manifest (lf-edge/eve): who may have which of a host's devices, as far as that is about USB.
import type { Ids } from './assignment.js';
import type { SysfsName } from './device.js';
import { parseJson } from './json.js';
import { parseSelector } from './selector.js';

/** One of `ioMemberList`, as it stands there. */
export interface Member {
  /** As EVE's own messages call it: its physical label. */
  readonly label: string;
  /** Whatever has the same group goes to the same domain; empty for what stays with the host. */
  readonly group: string;
  /** Something of this group must mean the device as well; empty for none. */
  readonly parent: string;
  readonly usb: boolean;
  /** "1:2.3", "045e:0823", "0000:00:14.0"; empty where it says nothing. */
  readonly usbaddr: string;
  readonly usbproduct: string;
  readonly pciLong: string;
}

/** What a device must have, all of it. */
export interface Condition {
  readonly port: SysfsName | undefined;
  readonly ids: Ids | undefined;
  readonly controller: string | undefined;
}

/** What becomes of a member: who gets what, each condition for itself, or why nobody gets anything. */
export type Verdict =
  | {
      readonly kind: 'taken';
      readonly label: string;
      readonly domain: string;
      readonly conditions: readonly Condition[];
    }
  | { readonly kind: 'left'; readonly label: string; readonly why: string };

/** Reads a manifest; undefined when the text is none. A member that is no object is one without a name or a use. */
export function parseManifest(text: string): Member[] | undefined {
  const list = fieldsOf(parseJson(text))['ioMemberList'];
  if (!Array.isArray(list)) return undefined;
  return list.map((entry: unknown, index) => {
    const member = fieldsOf(entry);
    // EVE itself reads the addresses' names whatever their case: "usbaddr", "UsbAddr".
    const addresses = Object.fromEntries(
      Object.entries(fieldsOf(member['phyaddrs'])).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return {
      label: textOf(member['phylabel']) || textOf(member['logicallabel']) || `member ${index + 1}`,
      group: textOf(member['assigngrp']),
      parent: textOf(member['parentassigngrp']),
      usb: isUsbType(member['ztype']),
      usbaddr: textOf(addresses['usbaddr']),
      usbproduct: textOf(addresses['usbproduct']),
      pciLong: textOf(addresses['pcilong']),
    };
  });
}

/** By name, or by its number in EVE's API: a USB port, a controller, a device. */
function isUsbType(ztype: unknown): boolean {
  return typeof ztype === 'string' ? /^IO_TYPE_USB(_|$)/.test(ztype) : [2, 13, 14].includes(ztype as number);
}

/** What becomes of each member when these groups belong to these domains. */
export function judgeMembers(members: readonly Member[], domains: ReadonlyMap<string, string>): Verdict[] {
  return members.map((member): Verdict => {
    const left = (why: string): Verdict => ({ kind: 'left', label: member.label, why });
    const fault = faultOf(member, members);
    if (fault !== undefined) return left(fault);
    if (member.group === '') return left('it is in no group, so it stays with the host');
    const domain = domains.get(member.group);
    if (domain === undefined) return left(`no --group says to whom group ${member.group} belongs`);
    const conditions = conditionsOf(member, members);
    return conditions.length === 0
      ? left(`nothing can be both that and of its parent group ${member.parent}`)
      : { kind: 'taken', label: member.label, domain, conditions };
  });
}

/** Why a member can mean no device, in words. */
function faultOf(member: Member, members: readonly Member[]): string | undefined {
  if (member.usbaddr === '' && member.usbproduct === '' && !(member.usb && member.pciLong !== '')) {
    return 'it names no USB device: neither usbaddr nor usbproduct, nor the PciLong of a USB controller';
  }
  const own = ownCondition(member);
  if (typeof own === 'string') return own;
  const above = groupsAbove(member, members);
  if (typeof above === 'string') return above;
  for (const parent of members.filter(({ group }) => above.includes(group))) {
    const condition = ownCondition(parent);
    if (typeof condition === 'string') return `of its parent group ${parent.group}, ${parent.label} says: ${condition}`;
  }
  return undefined;
}

/** The groups that a member depends on, nearest first, or in words what is wrong with them. */
function groupsAbove({ group, parent }: Member, members: readonly Member[]): string[] | string {
  const above: string[] = [];
  for (let next = parent; next !== '';) {
    if (next === group || above.includes(next)) {
      return `its parent groups run in a circle: ${[group, ...above, next].join(', ')}`;
    }
    const ofGroup = membersIn(next, members);
    if (ofGroup.length === 0) return `its parent group ${next} has no members`;
    above.push(next);
    next = ofGroup.find((member) => member.parent !== '')?.parent ?? '';
  }
  return above;
}

/** A device is a member's when it meets the member's own condition, and that of any one member of each group above. */
function conditionsOf(member: Member, members: readonly Member[]): Condition[] {
  const above = groupsAbove(member, members);
  const levels = [[member], ...(typeof above === 'string' ? [] : above).map((name) => membersIn(name, members))];
  return levels.reduce<Condition[]>(
    (conditions, level) => {
      const asked = level.flatMap((one) => {
        const condition = ownCondition(one);
        return typeof condition === 'string' || isEmpty(condition) ? [] : [condition];
      });
      // A group that names no address asks for nothing.
      if (asked.length === 0) return conditions;
      return conditions.flatMap((one) => asked.flatMap((other) => both(one, other)));
    },
    [{ port: undefined, ids: undefined, controller: undefined }],
  );
}

function membersIn(name: string, members: readonly Member[]): Member[] {
  return members.filter(({ group }) => group === name);
}

function isEmpty({ port, ids, controller }: Condition): boolean {
  return port === undefined && ids === undefined && controller === undefined;
}

/** What meets both; empty when nothing can. */
function both(one: Condition, other: Condition): Condition[] {
  const port = one.port ?? other.port;
  const ids = one.ids ?? other.ids;
  const controller = one.controller ?? other.controller;
  const agree =
    (other.port ?? port) === port &&
    (other.controller ?? controller) === controller &&
    (other.ids ?? ids)?.vendorId === ids?.vendorId &&
    (other.ids ?? ids)?.productId === ids?.productId;
  return agree ? [{ port, ids, controller }] : [];
}

/** What a member itself asks for, or in words why it cannot be read. */
function ownCondition({ usbaddr, usbproduct, pciLong }: Member): Condition | string {
  const port = usbaddr === '' ? undefined : parseSelector(usbaddr);
  if (port !== undefined && (port.kind !== 'port' || !usbaddr.includes(':'))) {
    return `its usbaddr "${usbaddr}" is no bus and port, as in 1:2.3`;
  }
  const ids = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(usbproduct);
  if (usbproduct !== '' && ids === null) {
    return `its usbproduct "${usbproduct}" is no vendor and product, as in 045e:0823`;
  }
  if (pciLong !== '' && !/^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i.test(pciLong)) {
    return `its PciLong "${pciLong}" is no PCI address, as in 0000:00:14.0`;
  }
  const [vendorId, productId] = [ids?.[1], ids?.[2]].map((digits = '') => digits.toLowerCase().padStart(4, '0'));
  return {
    port: port?.port,
    ids: ids === null ? undefined : { vendorId: vendorId ?? '', productId: productId ?? '' },
    controller: pciLong === '' ? undefined : pciLong.toLowerCase(),
  };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}
