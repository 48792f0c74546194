import { parseDevpath, parseSysfsName, type SysfsName } from './device.js';
import { parseMark } from './mark.js';
import { printable } from './message.js';
import { isSelected, type SelectableDevice, type Selector } from './selector.js';

/** A line of a log: who wrote it, and what it says. */
export interface LogLine {
  /** "usb-libvirt-hotplug", or "node" for what our service printed. */
  readonly identifier: string;
  readonly text: string;
}

/** What log lines are looked through for. */
export interface Sought {
  /** Undefined when the word can name no device. */
  readonly selector: Selector | undefined;
  readonly domain: string;
}

/**
 * Reads a line of syslog's or the journal's:
 *
 *     Nov 21 18:45:39 host usb-libvirt-hotplug[123]: attached …
 *     2026-11-21T18:45:39.123456+00:00 host usb-libvirt-hotplug: attached …
 *
 * From its beginning, so that no text can pass for another program's line. Undefined for what is none.
 */
export function parseLogLine(line: string): LogLine | undefined {
  const match = /^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ ([^\s:[]+)(?:\[\d+\])?: (.*)$/.exec(
    line,
  );
  return match === null ? undefined : { identifier: match[1] ?? '', text: match[2] ?? '' };
}

/** Whether a text of ours speaks of a device or of a domain. */
export function speaksOf(text: string, { selector, domain }: Sought): boolean {
  return (
    (selector !== undefined && devicesIn(text).some((device) => isSelected(selector, device))) ||
    namesDomain(text, domain)
  );
}

/** The devices that a text names: as described, by our mark, or by the kernel's path. */
function devicesIn(text: string): SelectableDevice[] {
  const described = /([0-9a-f]{4}):([0-9a-f]{4})(?: ".*")? on port (\S+) \(bus (\d{3}) device (\d{3})\)/.exec(text);
  const name = parseSysfsName(described?.[3] ?? '');
  const [, vendorId = '', productId = '', , busNumber, deviceNumber] = described ?? [];
  return [
    ...(name === undefined
      ? []
      : [{ ...nameless, name, vendorId, productId, busNumber: Number(busNumber), deviceNumber: Number(deviceNumber) }]),
    ...[...text.matchAll(/ua-usbhp-[\w-]+/g)].flatMap(([alias]) => atPort(parseMark(alias)?.device)),
    ...[...text.matchAll(/\/devices\/[^\s,;]+/g)].flatMap(([path]) => atPort(parseDevpath(path.replace(/[.:]+$/, '')))),
  ];
}

const nameless = { busNumber: 0, deviceNumber: 0, vendorId: '', productId: '', serial: '' };

function atPort(name: SysfsName | undefined): SelectableDevice[] {
  return name === undefined ? [] : [{ ...nameless, name }];
}

/**
 * After "to", "for", "from" or "in", and whole: "win1" is not "win10", and "my" is not "my vm". What a device calls
 * itself stands in quotes and does not count.
 */
function namesDomain(text: string, domain: string): boolean {
  const name = printable(domain).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const ends = `(?=$|[:;,.](?:\\s|$)| in \\d+ ms| after \\d+ ms| in the same event| has no free )`;
  return new RegExp(`(?:^| )(?:to|for|from|in|of|:) ${name}${ends}`).test(text.replace(/".*" on port/, 'on port'));
}
