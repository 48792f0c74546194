import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { stopDomain } from '../fake/world.mjs';
import { atPort1, everyDevice, header, keyboard, openHost } from './assigning-host.js';

const hub = { port: '1-4', number: 3, hub: true, ids: '0409:55aa', product: 'QEMU USB Hub' };
const stick = { port: '1-4.2', number: 4, ids: '152d:2338', product: 'Stick' };

test('a device is assigned by its port, both faces of the socket, and attached at once', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, 'guest1');
  const { exitCode, stdout, stderr } = await host.cli(['assign', '1-1', 'guest1']);
  assert.equal(exitCode, 0, stderr);
  assert.match(
    stdout,
    /^assigned to guest1: whatever is in port 1 \(USB 2\) or port 1 \(USB 3\) of controller 0000:00:05\.0\nattached 0627:0001 "QEMU USB Keyboard" on port 1-1 \(bus 001 device 002\) to guest1 in \d+ ms\n$/,
  );
  assert.equal(
    host.rules(),
    `${header}# To guest1: whatever is in port 1 (USB 2) or port 1 (USB 3) of controller 0000:00:05.0; when assigned: QEMU USB Keyboard [KBD01] on port 1-1
${everyDevice}${atPort1}ATTRS{speed}=="480", ENV{USB_LIBVIRT_DOMAIN}="guest1"
${everyDevice}${atPort1}ATTRS{speed}=="5000|10000|20000", ENV{USB_LIBVIRT_DOMAIN}="guest1"
`,
  );
  assert.deepEqual(host.udevadmCalls(), host.triggered('1-1'));
  assert.deepEqual(host.hostdevs(), ['1:2 ua-usbhp-1-1-2']);

  const again = await host.cli(['assign', '1-1', 'guest1']);
  assert.match(again.stdout, /^attached 0627:0001 .* on port 1-1 .* to guest1$/m);
});

test('the same device assigned to another domain moves there', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, 'guest1');
  await host.cli(['assign', '1-1', 'guest1']);
  host.plugFor(keyboard, 'guest2');
  const { exitCode, stdout } = await host.cli(['assign', '001/002', 'guest2']);
  assert.match(stdout, /^attached .* on port 1-1 .* to guest2 in \d+ ms$/m);
  assert.equal(exitCode, 0);
  assert.doesNotMatch(host.rules(), /guest1/);
  assert.deepEqual([host.hostdevs(), host.hostdevs('guest2')], [[], ['1:2 ua-usbhp-1-1-2']]);
});

test('what is not plugged in is assigned for later', async (context) => {
  const host = openHost(context);
  for (const [device, means] of [
    ['1-7', 'whatever is in port 7 (USB 2) of controller 0000:00:05.0'],
    ['002:1', 'whatever is in port 1 (USB 3) or port 1 (USB 2) of controller 0000:00:05.0'],
    ['152d:2338', '152d:2338'],
    ['1-4/…', 'whatever is behind port 4 (USB 2) of controller 0000:00:05.0'],
  ] as const) {
    const { exitCode, stdout } = await host.cli(['assign', device, 'guest1']);
    assert.equal(
      stdout,
      `assigned to guest1: ${means}\nnothing of that is plugged in now; it will be attached when it is\n`,
    );
    assert.equal(exitCode, 0);
  }
  assert.deepEqual(
    host.udevadmCalls(),
    Array.from({ length: 4 }, () => 'control --reload'),
  );
});

test('a device is known again by its ids, its serial number, or its ids at its port, as --by says', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, '');
  const lines = async (...args: string[]) => {
    const { stdout, stderr, exitCode } = await host.cli(['assign', ...args, '--dry-run']);
    assert.equal(exitCode, 0, stderr);
    return stdout.split('\n').flatMap((line) => (line.startsWith(everyDevice) ? [line.slice(everyDevice.length)] : []));
  };
  const ids = 'ATTR{idVendor}=="0627", ATTR{idProduct}=="0001"';
  const given = 'ENV{USB_LIBVIRT_DOMAIN}="guest1"';
  assert.deepEqual(await lines('1-1', 'guest1', '--by', 'id'), [`${ids}, ${given}`]);
  assert.deepEqual(await lines('1-1', 'guest1', '--by', 'serial'), [`${ids}, ATTR{serial}=="KBD01", ${given}`]);
  assert.deepEqual(await lines('serial:KBD01', 'guest1'), [`${ids}, ATTR{serial}=="KBD01", ${given}`]);
  assert.deepEqual(await lines('0627:0001', 'guest1', '--by', 'port+id'), [
    `${ids}, ${atPort1}ATTRS{speed}=="480", ${given}`,
    `${ids}, ${atPort1}ATTRS{speed}=="5000|10000|20000", ${given}`,
  ]);
  assert.deepEqual(await lines('0627:0001', 'guest1', '--controller', '00:05.0'), [
    `${ids}, DEVPATH=="*/0000:00:05.0/usb*", ${given}`,
  ]);
  assert.deepEqual(await lines('--controller', '0000:00:05.0', 'my "vm"'), [
    'DEVPATH=="*/0000:00:05.0/usb*/*-*", ATTR{bDeviceClass}!="09", ENV{USB_LIBVIRT_DOMAIN}="my \\"vm\\""',
  ]);
  assert.deepEqual(await lines('1-9', 'guest1', '--connect', 'qemu:///session'), [
    `DEVPATH=="/devices/pci0000:00/0000:00:05.0/usb*/*-9", KERNELS=="usb*", ATTRS{speed}=="480", ${given}, ENV{LIBVIRT_DEFAULT_URI}="qemu:///session"`,
  ]);
  assert.ok(!existsSync(host.file));
  assert.deepEqual(host.udevadmCalls(), []);
});

test('a socket behind a USB 3 hub has two faces too', async (context) => {
  const host = openHost(context);
  host.plug({ ...hub, port: '1-4' });
  host.plug({ ...hub, port: '2-3', number: 9 });
  host.pair('1-4-port2', '2-3-port1');
  const { stdout } = await host.cli(['assign', '1-4.2', 'guest1']);
  assert.match(stdout, /whatever is in port 4\.2 \(USB 2\) or port 3\.1 \(USB 3\) of controller/);
});

test('a hub is given with everything behind it, and stays with the host itself', async (context) => {
  const host = openHost(context);
  host.plugFor(hub, '');
  host.plugFor(stick, 'guest1');
  const refused = await host.cli(['assign', '1-4', 'guest1']);
  assert.deepEqual([refused.exitCode, refused.stdout], [2, '']);
  assert.match(refused.stderr, /1-4 is a hub, which libvirt cannot hand over; "1-4\/…" means everything behind it/);
  const { exitCode, stdout } = await host.cli(['assign', '1-4/…', 'guest1']);
  assert.match(stdout, /^attached 152d:2338 .* on port 1-4\.2 .* to guest1/m);
  assert.equal(exitCode, 0);
  assert.deepEqual(host.udevadmCalls(), host.triggered('1-4.2'));
});

test('a domain that is off is waited for, and the exit code says so', async (context) => {
  const host = openHost(context);
  host.libvirt((state) => {
    stopDomain(state, 'guest1');
  });
  host.plugFor(keyboard, 'guest1');
  const { exitCode, stdout } = await host.cli(['assign', '1-1', 'guest1']);
  assert.match(stdout, /^waiting 0627:0001 .* for guest1 .*: the domain is not running; it will be attached when/m);
  assert.equal(exitCode, 4);
});

test('a device that a more exact line gives to another domain stays there, and that is told', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, 'guest2');
  await host.cli(['assign', '1-1', 'guest2']);
  const { exitCode, stdout } = await host.cli(['assign', '0627:0001', 'guest1']);
  assert.match(stdout, /^0627:0001 .* on port 1-1 .* belongs to guest2 all the same: a later line says so$/m);
  assert.equal(exitCode, 0);
  assert.deepEqual(host.hostdevs('guest2').length, 1);
});

test('a rule with a RUN line that gives the device to another domain is named, for it would win at every plug', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, 'guest1');
  await host.event('add', keyboard, 'guest2');
  await host.event('add', keyboard, 'guest1');
  const { exitCode, stdout } = await host.cli(['assign', '1-1', 'guest1']);
  assert.match(
    stdout,
    /^refused .* for guest1: a rule gave it to guest2 in the same event; keep one of the two rules$/m,
  );
  assert.equal(exitCode, 1);
});

test('what a person had taken back, or given elsewhere by hand, goes where it is assigned to', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, '');
  const numbers = { BUSNUM: '001', DEVNUM: '002' };
  await host.byHand(['guest2'], { ACTION: 'add', ...numbers });
  host.plugFor(keyboard, 'guest1');
  assert.match((await host.cli(['assign', '1-1', 'guest1'])).stdout, /^attached .* to guest1 in/m);
  await host.byHand([], { ACTION: 'remove', ...numbers });
  assert.deepEqual(host.hostdevs(), []);
  assert.match((await host.cli(['assign', '1-1', 'guest1'])).stdout, /^attached .* to guest1 in/m);
});

test('what names no device, more than one, or none that can be had, is told with its own exit code', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, '');
  host.plugFor({ port: '1-2', number: 5 }, '');
  for (const [args, exitCode, message] of [
    [['0627:0001', 'guest1', '--by', 'port'], 3, /names 2 devices; name one by its port:\n {2}1-1 .*\n {2}1-2 /],
    [['1-9', 'guest1', '--by', 'id'], 3, /no device is plugged in that is port 1-9/],
    [['3-1', 'guest1'], 3, /port 3-1 is on bus 3, which this host does not have/],
    [['1-1', 'guest1', '--controller', '0000:00:1a.0'], 3, /hangs at \/devices\/.*05\.0, not at 0000:00:1a\.0/],
    [['1-2', 'guest1', '--by', 'serial'], 2, /1-2 tells no serial number/],
    [['1-4/…', 'guest1', '--by', 'id'], 2, /everything behind a hub is known by port only, not by id/],
    [['usb1', 'guest1'], 2, /usb1 is a hub/],
    [['1-1', 'a/b'], 2, /the domain's name has a control character or a slash/],
    [['1-1', 'vm\\'], 2, /the domain's name cannot be written into a rule: it ends with a backslash/],
    [['1-1', 'guest1', '--connect', 'qemu+ssh://x/system'], 2, /is no URI of a hypervisor on this host/],
    [['1-1'], 2, /name a device, and the domain/],
    [['1-1', '--controller', '0000:00:05.0'], 2, /name a device, and the domain/],
    [['--controller', 'usb1', 'guest1'], 2, /"usb1" is no controller's PCI address/],
    [['1-1', 'guest1', '--by', 'name'], 2, /Invalid values/],
  ] as const) {
    const run = await host.cli(['assign', ...args]);
    assert.match(run.stderr, message, args.join(' '));
    assert.deepEqual([run.exitCode, run.stdout], [exitCode, ''], args.join(' '));
  }
  assert.ok(!existsSync(host.file));
});

test('assignments are listed with what is plugged in of them, and lines that are not ours are named', async (context) => {
  const host = openHost(context);
  assert.equal((await host.cli(['assignments'])).stdout, 'nothing is assigned\n');
  host.plugFor(keyboard, 'guest1');
  await host.cli(['assign', '1-1', 'guest1']);
  await host.cli(['assign', '152d:2338', 'guest2']);
  writeFileSync(host.file, `${host.rules()}KERNEL=="x", RUN+="y"\n`);
  const { exitCode, stdout, stderr } = await host.cli(['assignments']);
  assert.equal(
    stdout,
    `NUMBER  DOMAIN  PLUGGED  DEVICES
1       guest2  -        152d:2338
2       guest1  1-1      whatever is in port 1 (USB 2) or port 1 (USB 3) of controller 0000:00:05.0
`,
  );
  assert.equal(stderr, `${host.file} line 9 is not ours, and left as it is: KERNEL=="x", RUN+="y"\n`);
  assert.equal(exitCode, 0);
  const { assignments, otherLines } = JSON.parse((await host.cli(['assignments', '--json'])).stdout) as {
    assignments: Record<string, unknown>[];
    otherLines: unknown;
  };
  assert.deepEqual(otherLines, [{ line: 9, text: 'KERNEL=="x", RUN+="y"' }]);
  assert.deepEqual(
    assignments.map(({ line, by, domain, plugged }) => [line, by, domain, plugged]),
    [
      [4, 'id', 'guest2', []],
      [6, 'port', 'guest1', ['1-1']],
    ],
  );
});

test('an assignment is taken back with its device, by name or by number, and nothing else', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, 'guest1');
  await host.cli(['assign', '1-1', 'guest1']);
  await host.cli(['assign', '152d:2338', 'guest2']);
  writeFileSync(host.file, `${host.rules()}# mine\n`);
  host.plugFor(keyboard, '');
  const { exitCode, stdout } = await host.cli(['unassign', '2-1']);
  assert.match(
    stdout,
    /^no longer assigned to guest1: whatever is in port 1 .*\nreleased 0627:0001 .* on port 1-1 .* from guest1 in \d+ ms: taken back by hand/,
  );
  assert.equal(exitCode, 0);
  assert.deepEqual(host.hostdevs(), []);
  assert.deepEqual(host.udevadmCalls().slice(-3), host.triggered('1-1'));
  assert.equal((await host.cli(['unassign', '1'])).exitCode, 0);
  assert.equal(host.rules(), `${header}# mine\n`);
  for (const gone of ['1', '0', '1-1', '152d:2338']) {
    const run = await host.cli(['unassign', gone]);
    assert.deepEqual([run.exitCode, run.stdout], [3, ''], gone);
    assert.match(run.stderr, /there is no assignment .* in .*80-usb-libvirt-hotplug\.rules/);
  }
});

test('with --keep the device stays where it is', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, 'guest1');
  await host.cli(['assign', 'serial:KBD01', 'guest1']);
  const { exitCode } = await host.cli(['unassign', 'serial:KBD01', '--keep']);
  assert.equal(exitCode, 0);
  assert.deepEqual(host.hostdevs().length, 1);
  assert.equal(host.rules(), header);
  assert.equal(host.udevadmCalls().at(-1), 'control --reload');
});

test('a device that another line gives to somebody goes there when an assignment is taken back', async (context) => {
  const host = openHost(context);
  host.plugFor(keyboard, 'guest1');
  await host.cli(['assign', '0627:0001', 'guest2']);
  await host.cli(['assign', '1-1', 'guest1']);
  host.plugFor(keyboard, 'guest2');
  const { stdout } = await host.cli(['unassign', '1-1']);
  assert.match(stdout, /^attached .* to guest2 in/m);
  assert.deepEqual(host.hostdevs(), []);
});

test('without udev the file is written, and what is missing is said', async (context) => {
  const host = openHost(context);
  rmSync(join(host.directory, 'bin/udevadm'));
  host.plug(keyboard);
  const { exitCode, stderr } = await host.cli(['assign', '1-1', 'guest1']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /80-usb-libvirt-hotplug\.rules is written, but udev could not be asked to go by it/);
  assert.match(host.rules(), /guest1/);
});
