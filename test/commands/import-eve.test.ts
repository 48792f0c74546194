import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { atPort1, everyDevice, keyboard, openHost } from './assigning-host.js';

const manifest = {
  ioMemberList: [
    {
      ztype: 'IO_TYPE_ETH',
      phylabel: 'eth0',
      assigngrp: 'eth0',
      phyaddrs: { Ifname: 'eth0', PciLong: '0000:00:03.0' },
    },
    { ztype: 'IO_TYPE_USB', phylabel: 'USB1:1', assigngrp: 'desk', phyaddrs: { usbaddr: '1:1' } },
    {
      ztype: 'IO_TYPE_USB_DEVICE',
      phylabel: 'camera',
      assigngrp: 'desk',
      parentassigngrp: 'controller',
      phyaddrs: { usbproduct: '045e:0823' },
    },
    {
      ztype: 'IO_TYPE_USB_CONTROLLER',
      phylabel: 'USB',
      assigngrp: 'controller',
      phyaddrs: { PciLong: '0000:00:05.0' },
    },
    { ztype: 'IO_TYPE_USB', phylabel: 'USB9:1', assigngrp: 'desk', phyaddrs: { usbaddr: '9:1' } },
    {
      ztype: 'IO_TYPE_USB',
      phylabel: 'orphan',
      assigngrp: 'desk',
      parentassigngrp: 'no',
      phyaddrs: { usbaddr: '1:2' },
    },
  ],
};

test("EVE's manifest becomes assignments, and what could not be taken over is told with its reason", async (context) => {
  const host = openHost(context);
  const path = join(host.directory, 'model.json');
  writeFileSync(path, JSON.stringify(manifest));
  host.plugFor(keyboard, 'guest1');
  const dry = await host.cli(['import', 'eve', path, '--group', 'desk=guest1', '--dry-run']);
  assert.equal(
    dry.stdout,
    `# To guest1: whatever is in port 1 (USB 2) of controller 0000:00:05.0; when assigned: USB1:1 in EVE's manifest
${everyDevice}${atPort1}ATTRS{speed}=="480", ENV{USB_LIBVIRT_DOMAIN}="guest1"
# To guest1: 045e:0823 at controller 0000:00:05.0; when assigned: camera in EVE's manifest
${everyDevice}ATTR{idVendor}=="045e", ATTR{idProduct}=="0823", DEVPATH=="*/0000:00:05.0/usb*", ENV{USB_LIBVIRT_DOMAIN}="guest1"
`,
  );
  const told = `eth0 is left out: it names no USB device: neither usbaddr nor usbproduct, nor the PciLong of a USB controller
USB is left out: no --group says to whom group controller belongs
USB9:1 is left out: this host has no bus 9
orphan is left out: its parent group no has no members
`;
  assert.equal(dry.stderr, told);
  assert.ok(!existsSync(host.file));

  // Where the log goes that would else be on stderr.
  host.openSyslog();
  const done = await host.cli(['import', 'eve', path, '--group', 'desk=guest1']);
  assert.match(done.stdout, /^2 assigned, 4 left out\nattached 0627:0001 .* on port 1-1 .* to guest1 in \d+ ms\n$/);
  assert.equal(done.stderr, told);
  assert.equal(done.exitCode, 0);
  assert.match((await host.cli(['assignments'])).stdout, /^1 +guest1 +- +045e:0823 at .*\n2 +guest1 +1-1 +whatever/m);
});

test('a manifest that is none, and a group that it does not have, are told, and nothing is written', async (context) => {
  const host = openHost(context);
  const path = join(host.directory, 'model.json');
  writeFileSync(path, JSON.stringify(manifest));
  writeFileSync(join(host.directory, 'none.json'), '{}');
  for (const [file, group, exitCode, message] of [
    [path, 'dsek=guest1', 3, /no member of .* is in group dsek; its groups are eth0, desk, controller/],
    [path, 'desk', 2, /--group "desk" should be GROUP=DOMAIN/],
    [path, 'desk=a/b', 2, /slash/],
    [path, 'eth0=guest1', 1, /nothing in .* could be taken over/],
    [join(host.directory, 'none.json'), 'desk=guest1', 1, /is no manifest of EVE's/],
    [join(host.directory, 'absent.json'), 'desk=guest1', 1, /absent\.json cannot be read: there is no such file/],
  ] as const) {
    const run = await host.cli(['import', 'eve', file, '--group', group]);
    assert.match(run.stderr, message, group);
    assert.equal(run.exitCode, exitCode, group);
  }
  const twice = await host.cli(['import', 'eve', path, '--group', 'desk=guest1', '--group', 'desk=guest2']);
  assert.match(twice.stderr, /--group gives desk to guest1 and guest2; a group has one domain/);
  assert.equal(twice.exitCode, 2);
  assert.equal((await host.cli(['import', 'eve', path])).exitCode, 2);
  assert.equal((await host.cli(['import', 'evil', path, '--group', 'desk=guest1'])).exitCode, 2);
  assert.ok(!existsSync(host.file));
});
