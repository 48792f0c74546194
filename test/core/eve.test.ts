import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeMembers, parseManifest } from '../../src/core/eve.js';

const domains = new Map([
  ['usb', 'win10'],
  ['modem', 'router'],
]);

function judge(...members: unknown[]) {
  const manifest = parseManifest(JSON.stringify({ ioMemberList: members }));
  assert.ok(manifest !== undefined);
  return judgeMembers(manifest, domains);
}

const nothing = { port: undefined, ids: undefined, controller: undefined };
const controller = {
  ztype: 'IO_TYPE_USB_CONTROLLER',
  phylabel: 'USB',
  assigngrp: 'controller',
  phyaddrs: { PciLong: '0000:00:14.0' },
};
const port = { ztype: 'IO_TYPE_USB', phylabel: 'USB1:4', assigngrp: 'usb', phyaddrs: { usbaddr: '1:4' } };

const taken: [string, object[], object[]][] = [
  ['a port, by bus and port', [port], [{ ...nothing, port: '1-4' }]],
  [
    'a port behind a hub, however the field is spelled',
    [{ ...port, phyaddrs: { UsbAddr: '3:1.2' } }],
    [{ ...nothing, port: '3-1.2' }],
  ],
  [
    'a product, its digits filled up',
    [{ ...port, phyaddrs: { usbproduct: '45E:0823' } }],
    [{ ...nothing, ids: { vendorId: '045e', productId: '0823' } }],
  ],
  [
    'all that one member asks for at once',
    [{ ...port, phyaddrs: { usbaddr: '1:4', usbproduct: '045e:0823', PciLong: '0000:00:14.0' } }],
    [{ port: '1-4', ids: { vendorId: '045e', productId: '0823' }, controller: '0000:00:14.0' }],
  ],
  ['a controller', [{ ...controller, assigngrp: 'usb' }], [{ ...nothing, controller: '0000:00:14.0' }]],
  [
    "a controller by the number of its type, as EVE's own script prints it",
    [{ ...controller, ztype: 13, assigngrp: 'usb' }],
    [{ ...nothing, controller: '0000:00:14.0' }],
  ],
  [
    'a port of a parent that is its controller',
    [{ ...port, parentassigngrp: 'controller' }, controller],
    [{ ...nothing, port: '1-4', controller: '0000:00:14.0' }],
  ],
  [
    'a product at any of two parents, themselves of one above',
    [
      { ...port, phyaddrs: { usbproduct: '045e:0823' }, parentassigngrp: 'ports' },
      { ...port, phylabel: 'A', assigngrp: 'ports', parentassigngrp: 'controller' },
      { ...port, phylabel: 'B', assigngrp: 'ports', phyaddrs: { usbaddr: '1:5' } },
      controller,
    ],
    ['1-4', '1-5'].map((at) => ({
      port: at,
      ids: { vendorId: '045e', productId: '0823' },
      controller: '0000:00:14.0',
    })),
  ],
  [
    'a port of a parent that asks for nothing',
    [
      { ...port, parentassigngrp: 'empty' },
      { ...port, phylabel: 'P', assigngrp: 'empty', phyaddrs: {} },
    ],
    [{ ...nothing, port: '1-4' }],
  ],
];
for (const [title, members, conditions] of taken) {
  test(`EVE's ${title}`, () => {
    const [verdict] = judge(...members);
    assert.deepEqual(verdict?.kind === 'taken' ? verdict.conditions : verdict, conditions);
  });
}

const left: [string, object[], RegExp][] = [
  [
    'what is no USB device',
    [{ ...port, ztype: 'IO_TYPE_ETH', phyaddrs: { Ifname: 'eth0' } }],
    /it names no USB device/,
  ],
  ['a network card by its PCI address', [{ ...controller, ztype: 'IO_TYPE_ETH' }], /it names no USB device/],
  ['a member without addresses', [{ phylabel: 'x', assigngrp: 'usb' }], /it names no USB device/],
  ['an address that is none', [{ ...port, phyaddrs: { usbaddr: '1-4' } }], /^its usbaddr "1-4" is no bus and port/],
  ['a product that is none', [{ ...port, phyaddrs: { usbproduct: 'xyz' } }], /^its usbproduct "xyz" is no vendor/],
  ['ids where the address belongs', [{ ...port, phyaddrs: { usbaddr: '046d:c52b' } }], /^its usbaddr "046d:c52b"/],
  [
    'a controller that is none',
    [{ ...controller, phyaddrs: { PciLong: '14.0' } }],
    /^its PciLong "14\.0" is no PCI address/,
  ],
  ['a group that nobody named', [{ ...port, assigngrp: 'other' }], /^no --group says to whom group other belongs/],
  ['what is in no group', [{ ...port, assigngrp: '' }], /^it is in no group/],
  ['an unknown parent', [{ ...port, parentassigngrp: 'nosuch' }], /^its parent group nosuch has no members/],
  ['its own parent', [{ ...port, parentassigngrp: 'usb' }], /^its parent groups run in a circle: usb, usb$/],
  [
    'parents in a circle',
    [
      { ...port, parentassigngrp: 'a' },
      { ...port, assigngrp: 'a', parentassigngrp: 'b' },
      { ...port, assigngrp: 'b', parentassigngrp: 'a' },
    ],
    /^its parent groups run in a circle: usb, a, b, a$/,
  ],
  [
    'a parent that cannot be read',
    [
      { ...port, parentassigngrp: 'a' },
      { ...port, phylabel: 'P', assigngrp: 'a', phyaddrs: { usbaddr: 'x' } },
    ],
    /^of its parent group a, P says: its usbaddr "x"/,
  ],
  [
    'what cannot be of its parent',
    [
      { ...port, parentassigngrp: 'a' },
      { ...port, assigngrp: 'a', phyaddrs: { usbaddr: '1:5' } },
    ],
    /^nothing can be both that and of its parent group a$/,
  ],
];
for (const [title, members, why] of left) {
  test(`left out of EVE's manifest, and why: ${title}`, () => {
    const [verdict] = judge(...members);
    assert.match(verdict?.kind === 'left' ? verdict.why : JSON.stringify(verdict), why);
  });
}

test('each member goes to the domain of its group, and is called by its physical label', () => {
  const verdicts = judge(port, { ...port, assigngrp: 'modem', phylabel: '', logicallabel: 'modem0' }, 'nonsense');
  assert.deepEqual(
    verdicts.map((verdict) => [verdict.label, verdict.kind === 'taken' ? verdict.domain : verdict.kind]),
    [
      ['USB1:4', 'win10'],
      ['modem0', 'router'],
      ['member 3', 'left'],
    ],
  );
});

test('what is no manifest is none', () => {
  for (const text of ['', '[]', 'null', '{"ioMemberList":{}}', '{']) assert.equal(parseManifest(text), undefined);
});
