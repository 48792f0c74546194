import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { addDomain } from '../fake/world.mjs';
import { openBox, until } from '../box.js';

const keyboard = { port: '1-1', number: 2 };
const hub = { port: '1-4', number: 3, hub: true, product: 'QEMU USB Hub' };
const mouse = { port: '1-4.1', number: 4, product: 'QEMU USB Mouse' };
const stick = { port: '1-4.2', number: 5, ids: '152d:2338', product: 'Stick' };

test('a device is attached by any of its names, and taken back again', async (context) => {
  const box = openBox(context);
  const log = box.openSyslog();
  box.plug(stick);
  const attached = await box.cli(['attach', 'guest1', '152d:2338']);
  assert.equal(attached.exitCode, 0, attached.stderr);
  assert.match(
    attached.stdout,
    /^attached 152d:2338 "Stick" on port 1-4\.2 \(bus 001 device 005\) to guest1 in \d+ ms\n$/,
  );
  assert.deepEqual(box.hostdevs(), ['1:5 ua-usbhp-1-4_2-5']);

  const detached = await box.cli(['detach', '001', '005']);
  assert.equal(detached.exitCode, 0, detached.stderr);
  assert.match(
    detached.stdout,
    /^released 152d:2338 .* from guest1 in \d+ ms: taken back by hand, until it is replugged/,
  );
  assert.deepEqual(box.hostdevs(), []);
  assert.match(log.join('\n'), /attached 152d:2338[^]*released 152d:2338/);

  await box.event('change', stick, 'guest1', { SEQNUM: '2000' });
  await box.work();
  assert.deepEqual(box.hostdevs(), [], 'a rule took it again');
  assert.match((await box.cli(['detach', '1-4.2'])).stdout, /is in no domain, and none waits for it\n$/);
});

test('a device that another domain has is moved, or is not, as the person says', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => addDomain(state, { name: 'guest2' }));
  box.plug(keyboard);
  await box.cli(['attach', 'guest1', '1-1']);
  const refused = await box.cli(['attach', 'guest2', '1-1', '--no-auto-detach']);
  assert.equal(refused.exitCode, 1);
  assert.match(
    refused.stderr,
    /0627:0001 .* on port 1-1 .* belongs to guest1; without --no-auto-detach it would be moved/,
  );
  assert.deepEqual(box.hostdevs('guest2'), []);
  const moved = await box.cli(['attach', 'guest2', '1-1']);
  assert.equal(moved.exitCode, 0, moved.stderr);
  assert.deepEqual([box.hostdevs(), box.hostdevs('guest2')], [[], ['1:2 ua-usbhp-1-1-2']]);
});

test('a dry run prints the plan and the XML, and touches nothing', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  const { exitCode, stdout } = await box.cli(['attach', 'guest1', '1-1', '--dry-run']);
  assert.equal(exitCode, 0);
  assert.equal(
    stdout,
    `would attach 0627:0001 "QEMU USB Keyboard" on port 1-1 (bus 001 device 002) to guest1
<hostdev mode="subsystem" type="usb">
  <source>
    <address bus="1" device="2"/>
  </source>
  <alias name="ua-usbhp-1-1-2"/>
</hostdev>
`,
  );
  assert.ok(!existsSync(box.run) || box.wants().length === 0);
  await box.cli(['attach', 'guest1', '1-1']);
  assert.match(
    (await box.cli(['detach', '1-1', '--dry-run'])).stdout,
    /^would take 0627:0001 .* on port 1-1 .* back from guest1\n$/,
  );
  assert.equal(box.hostdevs().length, 1);
});

test('a domain that is off is waited for, which has an exit code of its own; one that is not there is not', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => addDomain(state, { name: 'off', running: false }));
  box.plug(keyboard);
  const waiting = await box.cli(['attach', 'off', '1-1']);
  assert.equal(waiting.exitCode, 4, waiting.stderr);
  assert.match(
    waiting.stdout,
    /^waiting 0627:0001 .* for off after \d+ ms: the domain is not running; it will be attached/,
  );
  const unknown = await box.cli(['attach', 'gues1', '1-1']);
  assert.equal(unknown.exitCode, 3);
  assert.match(unknown.stderr, /no domain is named gues1 at qemu:\/\/\/system; there are:\n {2}guest1\n {2}off\n$/);
  assert.match(JSON.stringify(box.wants()), /1-1@002/);
});

test('everything behind a hub goes together, and the hub stays with the host', async (context) => {
  const box = openBox(context);
  for (const device of [hub, mouse, stick, keyboard]) box.plug(device);
  const refused = await box.cli(['attach', 'guest1', '1-4']);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /on port 1-4 .* is a hub, which libvirt cannot hand over; .* all of them: 1-4\/…/);
  assert.equal((await box.cli(['attach', 'guest1', '1-4/…'])).exitCode, 0);
  assert.deepEqual(box.hostdevs().sort(), ['1:4 ua-usbhp-1-4_1-4', '1:5 ua-usbhp-1-4_2-5']);
  assert.equal((await box.cli(['detach', '1-4/…'])).exitCode, 0);
  assert.deepEqual(box.hostdevs(), []);
});

test('where a name fits several devices they are listed, and nothing happens', async (context) => {
  const box = openBox(context);
  for (const device of [keyboard, mouse]) box.plug(device);
  for (const command of [
    ['attach', 'guest1', '0627:0001'],
    ['detach', '0627:0001'],
  ]) {
    const { exitCode, stderr } = await box.cli(command);
    assert.equal(exitCode, 3);
    assert.match(
      stderr,
      /0627:0001 names 2 devices; name one by its port:\n {2}1-1 {2}0627:0001.*\n {2}1-4\.1 {2}0627:0001/,
    );
  }
  assert.deepEqual(box.wants(), []);
});

test('a device that was pulled out and is still in its domain can be taken out by its port', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.cli(['attach', 'guest1', '1-1']);
  box.unplug(keyboard);
  const { exitCode, stdout } = await box.cli(['detach', '1-1']);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^detached 0627:0001 .* on port 1-1 .* from guest1 in \d+ ms: it was unplugged\n$/);
  assert.deepEqual(box.hostdevs(), []);
});

test('what a person forgets is a usage error', async (context) => {
  const box = openBox(context);
  for (const command of [
    ['attach'],
    ['attach', 'guest1'],
    ['detach'],
    ['detach', '--all', '1-1'],
    ['attach', '', '1-1'],
  ]) {
    assert.equal((await box.cli(command)).exitCode, 2, command.join(' '));
  }
});

test('a command that is killed in the middle of its work leaves it to the next worker, and a sync likewise', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  box.plug(mouse);
  await box.event('add', mouse, 'guest1');
  for (const [command, held] of [
    [['attach', 'guest1', '1-1'], '1:2 ua-usbhp-1-1-2'],
    [['sync'], '1:4 ua-usbhp-1-4_1-4'],
  ] as const) {
    box.libvirt((state) => {
      state.faults.push({ match: `attach-device`, hangMs: 60_000, times: 2 });
    });
    const killed = box.start([...command]);
    await until('libvirt is at it', () => box.hostdevs().includes(held));
    killed.kill('SIGKILL');
    box.libvirt((state) => {
      state.faults.length = 0;
    });
  }
  await box.work();
  assert.deepEqual(box.hostdevs().sort(), ['1:2 ua-usbhp-1-1-2', '1:4 ua-usbhp-1-4_1-4']);
  assert.deepEqual(box.records(), ['1-1@002.json', '1-4.1@004.json']);
});

test('a domain that is named by its UUID is the same domain', async (context) => {
  const box = openBox(context);
  const uuid = box.libvirt((state) => state.domains[0]?.uuid ?? '');
  box.plug(keyboard);
  assert.equal((await box.cli(['attach', uuid, '1-1'])).exitCode, 0);
  assert.equal((await box.cli(['attach', 'guest1', '1-1', '--no-auto-detach'])).exitCode, 0);
  assert.equal((await box.cli(['attach', uuid, '1-1', '--no-auto-detach'])).exitCode, 0);
  const detached = await box.cli(['detach', '1-1']);
  assert.equal(detached.exitCode, 0, detached.stderr);
  assert.deepEqual(box.hostdevs(), []);
});

test('a hypervisor on another host is refused by every verb, and an option is given once', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  for (const command of [
    ['list'],
    ['status'],
    ['attach', 'guest1', '1-1'],
    ['detach', '1-1'],
    ['assign', '1-1', 'guest1'],
    ['explain', '1-1'],
    ['sync'],
    ['cleanup', 'guest1', '--yes'],
    ['doctor'],
  ]) {
    const { exitCode, stderr } = await box.cli([...command, '--connect', 'qemu+ssh://other/system']);
    assert.equal(exitCode, 2, command.join(' '));
    assert.match(stderr, /no URI of a hypervisor on this host/);
  }
  assert.equal((await box.cli(['list', '--connect', 'a:///b', '--connect', 'c:///d'])).exitCode, 2);
  assert.deepEqual(box.calls(), []);
});
