import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import process from 'node:process';
import test, { type TestContext } from 'node:test';
import { addDomain } from '../fake/world.mjs';
import { ended, openBox, until } from '../box.js';

const rootHub = { port: 'usb1', number: 1, bus: 1, hub: true, ids: '1d6b:0002', product: 'xHCI Host Controller' };
const keyboard = { port: '1-1', number: 2, product: 'QEMU USB Keyboard' };
const hub = { port: '1-4', number: 3, hub: true, ids: '0409:55aa', product: 'QEMU USB Hub' };
const stick = { port: '1-4.10', number: 12, ids: '152d:2338', product: 'Stick' };
const mouse = { port: '1-4.2', number: 11, product: 'QEMU USB Mouse' };

function openHost(context: TestContext) {
  const box = openBox(context);
  for (const device of [rootHub, stick, hub, keyboard, mouse]) {
    box.plug(device);
    box.setProperties(device.port, {
      ID_MODEL_ENC: device.product.replaceAll(' ', '\\x20'),
      ID_VENDOR_ENC: 'QEMU',
    });
  }
  return box;
}

test('a person sees what is plugged in, who has it, and why not', async (context) => {
  const box = openHost(context);
  const xml = '<hostdev mode="subsystem" type="usb"><source><address bus="1" device="12"/></source></hostdev>';
  box.libvirt((state) => addDomain(state, { name: 'static', hostdevXmls: [xml] }));
  await box.event('add', keyboard, 'guest1');
  await box.event('add', mouse, 'nosuch');
  await box.work();
  const { exitCode, stdout, stderr } = await box.cli(['list']);
  assert.equal(exitCode, 0, stderr);
  assert.equal(
    stdout,
    `PORT    ID         SPEED  DEVICE             DOMAIN  STATE
1-1     0627:0001         QEMU USB Keyboard  guest1  attached
1-4.2   0627:0001         QEMU USB Mouse     nosuch  waiting: no domain is named so at qemu:///system; define it or correct the rule (virsh -c qemu:///system list --all shows the names)
1-4.10  152d:2338         QEMU Stick         static  static: in its XML, and not by this program
`,
  );
});

test('hubs and root hubs are listed when all are asked for, and drawn in a tree', async (context) => {
  const box = openHost(context);
  const ports = (text: string) => text.split('\n').map((line) => line.split(' ')[0]);
  assert.deepEqual(ports((await box.cli(['list', '--all'])).stdout), [
    'PORT',
    'usb1',
    '1-1',
    '1-4',
    '1-4.2',
    '1-4.10',
    '',
  ]);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  assert.equal(
    (await box.cli(['list', '--tree'])).stdout,
    `usb1  0000:00:05.0  xHCI Host Controller
├─ 1-1  0627:0001  QEMU USB Keyboard  → guest1 attached
└─ 1-4  0409:55aa  QEMU USB Hub
   ├─ 1-4.2  0627:0001  QEMU USB Mouse
   └─ 1-4.10  152d:2338  QEMU Stick
`,
  );
});

test('programs read it as JSON, whatever bytes a device calls itself by', async (context) => {
  const box = openHost(context);
  box.setProperties('1-1', { ID_MODEL_ENC: 'a\\x0ab\\x22\\x1b[31m', ID_SERIAL_SHORT: 'S1' });
  const [device] = JSON.parse((await box.cli(['list', '1-1', '--json'])).stdout) as Record<string, unknown>[];
  assert.deepEqual(device, {
    port: '1-1',
    bus: 1,
    device: 2,
    vendorId: '0627',
    productId: '0001',
    vendor: '',
    product: 'a\nb"\u001b[31m',
    serial: 'S1',
    speedMbits: null,
    hub: false,
    virtual: false,
    controller: '0000:00:05.0',
    devpath: '/devices/pci0000:00/0000:00:05.0/usb1/1-1',
    state: 'free',
    domain: null,
    why: null,
  });
  assert.match((await box.cli(['list', '1-1'])).stdout, / a\\x0ab"\\x1b\[31m \[S1\] /);
});

test('devices are named by any of their names, and what is not there is told with its own exit code', async (context) => {
  const box = openHost(context);
  const named = async (...words: string[]) =>
    (await box.cli(['list', ...words])).stdout.split('\n').flatMap((line) => /^\S*\d\S*/.exec(line) ?? []);
  assert.deepEqual(await named('152d:2338'), ['1-4.10']);
  assert.deepEqual(await named('001', '011'), ['1-4.2']);
  assert.deepEqual(await named('1-4/…'), ['1-4', '1-4.2', '1-4.10']);
  assert.deepEqual(await named('152d:2338', '1-1'), ['1-1', '1-4.10']);
  assert.match((await box.cli(['list', '--tree', '1-4/…'])).stdout, /^1-4 .*\n├─ 1-4\.2 .*\n└─ 1-4\.10 .*\n$/);
  const absent = await box.cli(['list', '1-2']);
  assert.deepEqual([absent.exitCode, absent.stdout], [3, '']);
  assert.match(absent.stderr, /no device is plugged in that is port 1-2; "usb-libvirt-hotplug list --all" shows/);
  const wrong = await box.cli(['list', '1-1:1.0']);
  assert.equal(wrong.exitCode, 2);
  assert.match(wrong.stderr, /is an interface; .* name it 1-1$/m);
});

test('without virsh and without udev there is still a list, and what is not known is said', async (context) => {
  const box = openHost(context);
  for (const program of ['virsh', 'udevadm']) rmSync(`${box.directory}/bin/${program}`);
  const { exitCode, stdout, stderr } = await box.cli(['list']);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^1-1 .* QEMU USB Keyboard .* free$/m);
  assert.match(stderr, /^what domains hold is not known: virsh was not found; install/m);
});

test('on a terminal it is no wider than that, and a tree has colours unless NO_COLOR forbids them', async (context) => {
  const box = openHost(context);
  await box.event('add', keyboard, 'nosuch');
  await box.work();
  const shown = (command: string, environment: Record<string, string> = {}) =>
    spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      env: { ...box.environment, TERM: 'xterm', ...environment },
      encoding: 'utf8',
      timeout: 60_000,
    }).stdout;
  const list = `stty cols 40; ${process.execPath} dist/cli.cjs list`;
  const lines = shown(list).trim().split('\r\n');
  assert.equal(lines.length, 4);
  assert.ok(
    lines.every((line) => line.length <= 40),
    lines.join('\n'),
  );
  assert.match(lines[1] ?? '', /^1-1 .*…$/);
  const tree = `${process.execPath} dist/cli.cjs list --tree`;
  assert.ok(shown(tree).includes('\u001b[1musb1\u001b[22m'));
  assert.ok(!shown(tree, { NO_COLOR: '1' }).includes('\u001b'));
});

test('a reader that has had enough is no failure', async (context) => {
  const box = openHost(context);
  const listing = box.start(['list']);
  listing.stdout.destroy();
  assert.equal((await ended(listing)).exitCode, 0);
});

test('changes are followed', async (context) => {
  const box = openHost(context);
  const watching = box.start(['list', '--watch', '1-4/…']);
  let printed = '';
  watching.stdout.on('data', (chunk) => (printed += String(chunk)));
  await until('the first list', () => printed.includes('1-4.10'));
  assert.doesNotMatch(printed, /guest1/);
  await box.event('add', mouse, 'guest1');
  await box.work();
  await until('the change', () => /^1-4\.2 .* guest1 +attached$/m.test(printed));
  watching.kill();
});
