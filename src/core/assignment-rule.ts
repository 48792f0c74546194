// An assignment as the lines of a udev rules file, and back.
import { describeMatch, describeOwner, type Assignment, type Faces, type Ids, type Match } from './assignment.js';
import { defaultUri } from './domain.js';
import type { Face } from './face.js';
import { printable } from './message.js';
import { quoteMatch, quoteValue, unquoteMatch, unquoteValue } from './udev-value.js';

/**
 * A comment that says what it is, and a line for each of a socket's faces:
 *
 *     # To win10: whatever is in port 4 (USB 2) of controller 0000:00:14.0; when assigned: 046d:c52b "USB Receiver"
 *     ACTION=="add|bind|change", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", DEVPATH=="…", …, ENV{USB_LIBVIRT_DOMAIN}="win10"
 *
 * @param namesUri whether to name the hypervisor even where it is the default one: beside lines that name another, for
 *   a line that speaks later would leave that standing
 */
export function formatAssignment(assignment: Assignment, namesUri: boolean): string[] {
  const { match, domain, uri, note } = assignment;
  const given = [
    `ENV{USB_LIBVIRT_DOMAIN}="${quoteValue(domain)}"`,
    ...(namesUri || uri !== defaultUri ? [`ENV{LIBVIRT_DEFAULT_URI}="${quoteValue(uri)}"`] : []),
  ];
  const when = note === '' ? '' : `; when assigned: ${printable(note)}`;
  return [
    `# To ${describeOwner(assignment)}: ${describeMatch(match)}${when}`,
    ...conditionsOf(match).map((conditions) => [...everyUsbDevice, ...conditions, ...given].join(', ')),
  ];
}

const everyUsbDevice = ['ACTION=="add|bind|change"', 'SUBSYSTEM=="usb"', 'ENV{DEVTYPE}=="usb_device"'];
// The worker refuses hubs; a rule that means many devices need not ask it to.
const noHub = 'ATTR{bDeviceClass}!="09"';

/** What a device must have, a list for each of the match's lines. */
function conditionsOf(match: Match): string[][] {
  switch (match.kind) {
    case 'controller':
      return [[`DEVPATH=="*/${match.controller}/usb*/*-*"`, noHub]];
    case 'id':
      return [[...idConditions(match.ids), ...controllerConditions(match.controller)]];
    case 'serial':
      return [
        [
          ...idConditions(match.ids),
          `ATTR{serial}=="${quoteMatch(match.serial)}"`,
          ...controllerConditions(match.controller),
        ],
      ];
    case 'behind':
      return match.faces.map((face) => [
        ...faceConditions(face, face.chain === '' ? '*-*' : `*-${face.chain}.*`),
        noHub,
      ]);
    case 'port':
      return match.faces.map((face) => faceConditions(face, `*-${face.chain}`));
    case 'port+id':
      return match.faces.map((face) => [...idConditions(match.ids), ...faceConditions(face, `*-${face.chain}`)]);
  }
}

function idConditions({ vendorId, productId }: Ids): string[] {
  return [`ATTR{idVendor}=="${vendorId}"`, `ATTR{idProduct}=="${productId}"`];
}

function controllerConditions(controller: string | undefined): string[] {
  return controller === undefined ? [] : [`DEVPATH=="*/${controller}/usb*"`];
}

/**
 * udev's `*` goes over slashes too, but a path has a "-" before every chain of ports and nowhere within: "*-4.2" is
 * neither 1-14.2 nor 1-4.4.2. The root hub, the only parent named usb…, tells the two faces apart by its speed.
 */
function faceConditions({ controller, speeds }: Face, name: string): string[] {
  return [`DEVPATH=="${quoteMatch(controller)}/usb*/${name}"`, 'KERNELS=="usb*"', `ATTRS{speed}=="${speeds}"`];
}

/**
 * Reads an assignment back: its comment and all of its lines. Undefined for whatever is not to the letter as this
 * program writes it.
 */
export function parseAssignment(lines: readonly string[]): Assignment | undefined {
  const [comment = '', ...rules] = lines;
  const [first, ...others] = rules.map(parseRule);
  if (first === undefined) return undefined;
  const match = others.reduce<Match | undefined>(
    (joined, other) => joined && other && joinFaces(joined, other.match),
    first.match,
  );
  if (match === undefined) return undefined;
  const bare = { match, domain: first.domain, uri: first.uri ?? defaultUri, note: '' };
  const [said = ''] = formatAssignment(bare, false);
  const note = comment.startsWith(`${said}; when assigned: `)
    ? comment.slice(said.length + '; when assigned: '.length)
    : '';
  const assignment = { ...bare, note };
  const again = formatAssignment(assignment, first.uri !== undefined);
  return again.join('\n') === lines.join('\n') ? assignment : undefined;
}

function joinFaces(one: Match, other: Match): Match | undefined {
  return 'faces' in one && 'faces' in other ? { ...one, faces: [...one.faces, ...other.faces] } : undefined;
}

interface ParsedRule {
  readonly match: Match;
  readonly domain: string;
  readonly uri: string | undefined;
}

/** One line. It need not be strict: what it reads is written again, and compared. */
function parseRule(line: string): ParsedRule | undefined {
  const values = new Map<string, string>();
  for (const [, key = '', value = ''] of line.matchAll(/([A-Z]+(?:\{\w+\})?)[!=]?="((?:\\"|[^"])*)"(?:, |$)/g)) {
    values.set(key, value);
  }
  const match = matchFrom(values);
  const domain = values.get('ENV{USB_LIBVIRT_DOMAIN}');
  const uri = values.get('ENV{LIBVIRT_DEFAULT_URI}');
  if (match === undefined || domain === undefined) return undefined;
  return { match, domain: unquoteValue(domain), uri: uri === undefined ? undefined : unquoteValue(uri) };
}

function matchFrom(values: ReadonlyMap<string, string>): Match | undefined {
  const devpath = values.get('DEVPATH') ?? '';
  const vendorId = values.get('ATTR{idVendor}');
  const productId = values.get('ATTR{idProduct}');
  const serial = values.get('ATTR{serial}');
  const ids = vendorId === undefined || productId === undefined ? undefined : { vendorId, productId };
  const place = /^(.+)\/usb\*\/\*-(.*)$/.exec(devpath);
  const speeds = values.get('ATTRS{speed}');

  if (speeds !== undefined && place !== null) {
    const [, controller = '', name = ''] = place;
    const isBehind = name === '*' || name.endsWith('.*');
    const chain = isBehind ? name.replace(/\.?\*$/, '') : name;
    const faces: Faces = [{ controller: unquoteMatch(controller), speeds, chain }];
    if (isBehind) return { kind: 'behind', faces };
    return ids === undefined ? { kind: 'port', faces } : { kind: 'port+id', faces, ids };
  }
  const controller = /^\*\/([^/]+)\/usb\*(\/\*-\*)?$/.exec(devpath)?.[1];
  if (ids === undefined) return controller === undefined ? undefined : { kind: 'controller', controller };
  return serial === undefined
    ? { kind: 'id', ids, controller }
    : { kind: 'serial', ids, serial: unquoteMatch(serial), controller };
}
