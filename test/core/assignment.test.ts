import assert from 'node:assert/strict';
import test from 'node:test';
import { assignmentFault, isMeant, type Assignment, type Match } from '../../src/core/assignment.js';
import {
  assignmentsIn,
  foreignLines,
  formatAssignments,
  parseAssignments,
  withAssignment,
  withoutAssignments,
  type Item,
} from '../../src/core/assignment-list.js';
import { formatAssignment, parseAssignment } from '../../src/core/assignment-rule.js';
import type { Face } from '../../src/core/face.js';
import { runRules } from '../udev-glob.js';

const controller = '/devices/pci0000:00/0000:00:14.0';
const usb2 = (chain: string): Face => ({ controller, speeds: '480', chain });
const usb3 = (chain: string): Face => ({ controller, speeds: '5000|10000|20000', chain });
const receiver = { vendorId: '046d', productId: 'c52b' };

const assignmentOf = (match: Match, domain = 'win10', change: Partial<Assignment> = {}): Assignment => ({
  match,
  domain,
  uri: 'qemu:///system',
  note: '',
  ...change,
});

/** A device at a port, "1-4.2"; bus 1 is USB 2, bus 2 USB 3, bus 3 another controller's. */
function deviceAt(port: string, { serial = '', ids = receiver, hub = false } = {}) {
  const bus = port.split('-')[0] ?? '';
  const chain = (port.split('-')[1] ?? '').split('.');
  const path = chain.map((_, index) => `${bus}-${chain.slice(0, index + 1).join('.')}`).join('/');
  const at = bus === '3' ? '/devices/pci0000:00/0000:00:1a.0' : controller;
  const devpath = `${at}/usb${bus}/${path}`;
  const busSpeed = bus === '2' ? '10000' : '480';
  return {
    devpath,
    busSpeed,
    ...ids,
    hub,
    ownSerial: serial,
    attributes: { idVendor: ids.vendorId, idProduct: ids.productId, serial, bDeviceClass: hub ? '09' : '00' },
  };
}

function textOf(...assignments: Assignment[]): string {
  return formatAssignments(assignments.reduce(withAssignment, parseAssignments('')));
}

const ownerOf = (text: string, device: ReturnType<typeof deviceAt>) => runRules(text, device)['USB_LIBVIRT_DOMAIN'];

test('an assignment is a comment that says what it is, and a line for each face of the socket', () => {
  assert.deepEqual(
    formatAssignment(
      assignmentOf({ kind: 'port', faces: [usb2('4.2'), usb3('3.2')] }, 'win10', {
        note: 'Logitech USB Receiver on port 1-4.2',
      }),
      false,
    ),
    [
      '# To win10: whatever is in port 4.2 (USB 2) or port 3.2 (USB 3) of controller 0000:00:14.0; when assigned: Logitech USB Receiver on port 1-4.2',
      'ACTION=="add|bind|change", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", DEVPATH=="/devices/pci0000:00/0000:00:14.0/usb*/*-4.2", KERNELS=="usb*", ATTRS{speed}=="480", ENV{USB_LIBVIRT_DOMAIN}="win10"',
      'ACTION=="add|bind|change", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", DEVPATH=="/devices/pci0000:00/0000:00:14.0/usb*/*-3.2", KERNELS=="usb*", ATTRS{speed}=="5000|10000|20000", ENV{USB_LIBVIRT_DOMAIN}="win10"',
    ],
  );
});

const ports = [
  '1-4',
  '1-14',
  '1-4.2',
  '1-4.12',
  '1-14.2',
  '1-4.4.2',
  '1-4.2.1',
  '1-2',
  '2-4',
  '2-4.2',
  '2-3',
  '3-4',
  '3-4.2',
];
const rows: [string, Match, string[]][] = [
  ['a port, and neither 1-14 nor what is behind it', { kind: 'port', faces: [usb2('4')] }, ['1-4']],
  ['a port behind a hub, and neither 1-14.2 nor 1-4.4.2', { kind: 'port', faces: [usb2('4.2')] }, ['1-4.2']],
  ['both faces of a socket', { kind: 'port', faces: [usb2('4'), usb3('3')] }, ['1-4', '2-3']],
  [
    'everything behind a hub, however deep, and not the hub',
    { kind: 'behind', faces: [usb2('4')] },
    ['1-4.2', '1-4.12', '1-4.4.2', '1-4.2.1'],
  ],
  ['everything on one side of a controller', { kind: 'behind', faces: [usb3('')] }, ['2-4', '2-4.2', '2-3']],
  ['a device by its ids, wherever it is', { kind: 'id', ids: receiver, controller: undefined }, ports],
  [
    'a device by its ids at one controller',
    { kind: 'id', ids: receiver, controller: '0000:00:1a.0' },
    ['3-4', '3-4.2'],
  ],
  ['no device of other ids', { kind: 'id', ids: { vendorId: '046d', productId: 'c52c' }, controller: undefined }, []],
  ['a device by its ids at one port', { kind: 'port+id', faces: [usb2('4.2')], ids: receiver }, ['1-4.2']],
  [
    'no device of other ids at that port',
    { kind: 'port+id', faces: [usb2('4.2')], ids: { vendorId: '046d', productId: 'c52c' } },
    [],
  ],
  ['whatever hangs at a controller', { kind: 'controller', controller: '0000:00:1a.0' }, ['3-4', '3-4.2']],
];
for (const [title, match, meant] of rows) {
  test(`its lines mean ${title}`, () => {
    const text = textOf(assignmentOf(match));
    assert.deepEqual(
      ports.filter((port) => ownerOf(text, deviceAt(port)) === 'win10'),
      meant,
      text,
    );
    assert.deepEqual(
      ports.filter((port) => isMeant(match, deviceAt(port))),
      meant,
    );
    assert.doesNotMatch(text, /usb[0-9]|[0-9]-4/, 'no bus number');
    assert.deepEqual(parseAssignment(formatAssignment(assignmentOf(match), false)), assignmentOf(match));
  });
}

test('a hub is not handed over with what is behind it', () => {
  for (const match of [
    { kind: 'behind', faces: [usb2('4')] },
    { kind: 'behind', faces: [usb2('')] },
    { kind: 'controller', controller: '0000:00:14.0' },
  ] as const) {
    const text = textOf(assignmentOf(match));
    for (const port of ['1-4', '1-4.2']) {
      assert.equal(ownerOf(text, deviceAt(port, { hub: true })), undefined);
      assert.ok(!isMeant(match, deviceAt(port, { hub: true })));
    }
  }
});

test('a serial number is matched as it is, whatever udev would make of its characters', () => {
  const serials = [
    'S1',
    'S*',
    'S?',
    'S[1]',
    'S]',
    'S\\1',
    '\\',
    'S\\*1',
    'S"1',
    'S\\"',
    '"',
    'S*"\\"1',
    ' S$1%',
    '[*]',
    '\\*',
    '$$',
  ];
  for (const serial of serials) {
    const match = { kind: 'serial', ids: receiver, serial, controller: undefined } as const;
    if (serial.endsWith('\\')) continue;
    const text = textOf(assignmentOf(match));
    assert.deepEqual(
      serials.filter((other) => ownerOf(text, deviceAt('1-1', { serial: other })) !== undefined),
      [serial],
      text,
    );
    assert.deepEqual(assignmentsIn(parseAssignments(text)), [assignmentOf(match)]);
  }
});

test('a domain may have any name that a rule can hold, and arrives by that name', () => {
  for (const domain of ['my vm', '4', '50% $HOME $$ %%', 'a"b', 'a\\b', 'a\\"b', 'ü|*?[x]', "it's; # not"]) {
    const text = textOf(assignmentOf({ kind: 'port', faces: [usb2('1')] }, domain));
    assert.equal(ownerOf(text, deviceAt('1-1')), domain, text);
    assert.deepEqual(
      assignmentsIn(parseAssignments(text)).map((assignment) => assignment.domain),
      [domain],
    );
  }
});

test('what no rule can hold is refused in words', () => {
  const bySerial = (serial: string) =>
    assignmentFault(assignmentOf({ kind: 'serial', ids: receiver, serial, controller: undefined }));
  assert.equal(
    bySerial('a|b'),
    'the serial number cannot be written into a rule: it has a "|" in it, which udev reads as "or"',
  );
  assert.match(bySerial('a\nb') ?? '', /^the serial number .* control character/);
  assert.match(bySerial('a\\') ?? '', /^the serial number .* ends with a backslash/);
  const port = { kind: 'port', faces: [usb2('1')] } as const;
  assert.match(assignmentFault(assignmentOf(port, 'vm\\')) ?? '', /^the domain's name .* ends with a backslash/);
  assert.equal(assignmentFault(assignmentOf(port, 'vm|x')), undefined);
});

test('the more exact assignment holds, in whatever order they were made', () => {
  const ids = receiver;
  const all = [
    assignmentOf({ kind: 'controller', controller: '0000:00:14.0' }, 'controller'),
    assignmentOf({ kind: 'id', ids, controller: undefined }, 'id'),
    assignmentOf({ kind: 'serial', ids, serial: 'S1', controller: undefined }, 'serial'),
    assignmentOf({ kind: 'behind', faces: [usb2('')] }, 'bus'),
    assignmentOf({ kind: 'behind', faces: [usb2('4')] }, 'hub'),
    assignmentOf({ kind: 'port', faces: [usb2('4.2')] }, 'port'),
    assignmentOf({ kind: 'port+id', faces: [usb2('4.2')], ids }, 'port+id'),
  ];
  const expected = textOf(...all);
  forEachOrder(all, parseAssignments(''), (items) => {
    assert.equal(formatAssignments(items), expected);
  });

  const other = { vendorId: '0627', productId: '0001' };
  for (const [owner, device] of [
    ['port+id', deviceAt('1-4.2', { serial: 'S1' })],
    ['port', deviceAt('1-4.2', { serial: 'S1', ids: other })],
    ['hub', deviceAt('1-4.3', { serial: 'S1' })],
    ['bus', deviceAt('1-5', { serial: 'S1' })],
    ['serial', deviceAt('2-5', { serial: 'S1' })],
    ['id', deviceAt('2-5', { serial: 'S2' })],
    ['controller', deviceAt('2-5', { ids: other })],
    [undefined, deviceAt('3-5', { ids: other })],
  ] as const) {
    assert.equal(ownerOf(expected, device), owner);
  }
});

/** Calls back with the file as it is after each order in which the assignments can be made. */
function forEachOrder(rest: readonly Assignment[], items: readonly Item[], callBack: (items: readonly Item[]) => void) {
  if (rest.length === 0) callBack(items);
  for (const next of rest) {
    forEachOrder(
      rest.filter((other) => other !== next),
      withAssignment(items, next),
      callBack,
    );
  }
}

test('the same devices assigned to another domain leave the first, and its line', () => {
  const match = { kind: 'port', faces: [usb2('4'), usb3('3')] } as const;
  assert.equal(textOf(assignmentOf(match, 'old'), assignmentOf(match, 'new')), textOf(assignmentOf(match, 'new')));
  const oneFace = assignmentOf({ kind: 'port', faces: [usb3('3')] }, 'new');
  const both = textOf(assignmentOf(match, 'old'), oneFace);
  assert.deepEqual(
    assignmentsIn(parseAssignments(both))
      .map(({ domain, match: left }) => [domain, 'faces' in left ? left.faces.map(({ chain }) => chain) : []])
      .sort(),
    [
      ['new', ['3']],
      ['old', ['4']],
    ],
  );
  const byId = assignmentOf({ kind: 'port+id', faces: match.faces, ids: receiver }, 'third');
  assert.equal(assignmentsIn(parseAssignments(textOf(assignmentOf(match), byId))).length, 2);
});

test('a line beside one that names another hypervisor names its own: the other would be left standing', () => {
  const local = assignmentOf({ kind: 'port', faces: [usb2('4')] }, 'system');
  const session = assignmentOf({ kind: 'id', ids: receiver, controller: undefined }, 'session', {
    uri: 'qemu:///session',
  });
  assert.doesNotMatch(textOf(local), /LIBVIRT_DEFAULT_URI/);
  const text = textOf(local, session);
  assert.deepEqual(runRules(text, deviceAt('1-4')), {
    USB_LIBVIRT_DOMAIN: 'system',
    LIBVIRT_DEFAULT_URI: 'qemu:///system',
  });
  assert.deepEqual(runRules(text, deviceAt('1-5')), {
    USB_LIBVIRT_DOMAIN: 'session',
    LIBVIRT_DEFAULT_URI: 'qemu:///session',
  });
  const items = parseAssignments(text);
  assert.deepEqual(assignmentsIn(items), [session, local]);
  assert.equal(formatAssignments(withoutAssignments(items, assignmentsIn(items).slice(0, 1))), textOf(local));
});

test('what a person changed or added is left as it is, where it is', () => {
  const text = textOf(
    assignmentOf({ kind: 'id', ids: receiver, controller: undefined }, 'win10'),
    assignmentOf({ kind: 'port', faces: [usb2('4'), usb3('3')] }, 'win11'),
  );
  for (const [title, changed] of [
    ['another domain', text.replace('="win11"', '="mine"')],
    ['another comment', text.replace('# To win11', '# to win11')],
    ['a comment in a face too many', text.replace(' or port 3 (USB 3)', '')],
    ['a condition', text.replace(', KERNELS', ', ATTR{product}=="x", KERNELS')],
    ['a blank', text.replace('"usb", ', '"usb",  ')],
    ['a line break of another system', text.replaceAll('\n', '\r\n')],
    ['lines of his own', `# mine\n\n${text}KERNEL=="x", RUN+="y"`],
  ] as const) {
    const items = parseAssignments(changed);
    assert.equal(formatAssignments(items), changed, title);
    const added = assignmentOf({ kind: 'port', faces: [usb2('9')] }, 'added');
    const more = withAssignment(items, added);
    assert.ok(
      foreignLines(items).every(({ text: line }) => formatAssignments(more).includes(line)),
      title,
    );
    const again = parseAssignments(formatAssignments(more));
    const ours = assignmentsIn(again).find(({ domain }) => domain === 'added');
    assert.deepEqual(ours, added, title);
    const back = formatAssignments(withoutAssignments(again, [ours]));
    assert.equal(back, changed.endsWith('\n') ? changed : `${changed}\n`, title);
  }
});

test('lines that are not ours are named by their numbers', () => {
  const text = `# mine\nKERNEL=="x", RUN+="y"\n\n${formatAssignment(assignmentOf({ kind: 'port', faces: [usb2('9')] }), false).join('\n')}\nGOTO="end"\n`;
  assert.deepEqual(foreignLines(parseAssignments(text)), [
    { line: 2, text: 'KERNEL=="x", RUN+="y"' },
    { line: 6, text: 'GOTO="end"' },
  ]);
});
