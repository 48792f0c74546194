import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import type { Want } from '../../src/core/want.js';
import { addDomain, startDomain, stopDomain } from '../fake/world.mjs';
import { ended, openBox, until, type Box, type Ended } from '../box.js';

const keyboard = { port: '1-1', number: 2 };

test('sync attaches what waits, and tells how everything stands', async (context) => {
  const box = openBox(context);
  const other = { port: '1-2', number: 3 };
  for (const [device, domain] of [
    [keyboard, 'guest1'],
    [other, 'nosuch'],
  ] as const) {
    box.plug(device);
    await box.event('add', device, domain);
  }
  const first = await box.cli(['sync']);
  assert.equal(first.exitCode, 0, first.stderr);
  assert.match(first.stdout, /^attached 0627:0001 .* on port 1-1 /m);
  assert.match(first.stdout, /^waiting 0627:0001 .* on port 1-2 .* for nosuch/m);
  assert.match(first.stdout, /^1 attached, 1 not\n$/m);

  const second = await box.cli(['sync']);
  assert.match(second.stdout, /^waiting .* for nosuch .*\n1 attached, 1 not\n$/);
});

test('sync tells of a device that it attached again, after its domain was restarted unseen', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  box.libvirt((state) => {
    stopDomain(state, 'guest1');
    startDomain(state, 'guest1');
  });
  assert.match((await box.cli(['sync'])).stdout, /^attached 0627:0001 .*\n1 attached, 0 not\n$/);
  assert.equal(box.hostdevs().length, 1);
});

test('sync has a worker that lingers end, and does the work itself', async (context) => {
  const box = openBox(context);
  const service = ended(box.service(600));
  await until('the worker works', () => box.virshVerbs().length > 0);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  const { stdout } = await box.cli(['sync']);
  assert.match(stdout, /^1 attached, 0 not$/m);
  assert.equal((await service).exitCode, 0);
  assert.equal(existsSync(`${box.run}/handover`), false);
});

test('a worker that tries again and again lets a sync try for it', async (context) => {
  const box = openBox(context);
  const service = await startRetrying(box);
  box.libvirt((state) => {
    state.libvirtdDown = false;
  });
  assert.match((await box.cli(['sync'])).stdout, /^1 attached, 0 not$/m);
  assert.equal((await service.ended).exitCode, 0);
});

test('a move that a sync makes does not depend on the clock, which may have gone back', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  box.libvirt((state) => addDomain(state, { name: 'guest2' }));
  await box.event('add', keyboard, 'guest1');
  await box.work();
  const file = `${box.run}/wants/1-1@002.json`;
  const want = JSON.parse(readFileSync(file, 'utf8')) as Want;
  writeFileSync(file, JSON.stringify({ ...want, claimedAtMs: Date.now() + 3_600_000 }));
  box.setProperties('1-1', { USB_LIBVIRT_DOMAIN: 'guest2' });
  await box.cli(['sync']);
  assert.deepEqual([box.hostdevs('guest1'), box.hostdevs('guest2')], [[], ['1:2 ua-usbhp-1-1-2']]);
});

test('a worker whose directory was taken away under it leaves the work to others', async (context) => {
  const box = openBox(context);
  const service = await startRetrying(box);
  rmSync(box.run, { recursive: true });
  assert.equal((await service.ended).exitCode, 0);
});

test('detach --all takes back what was given, and what carries our mark and is not known any more', async (context) => {
  const box = openBox(context);
  const xml = '<hostdev mode="subsystem" type="usb"><source><address bus="1" device="9"/></source></hostdev>';
  box.plug({ port: '1-9', number: 9 });
  box.libvirt((state) => addDomain(state, { name: 'static', hostdevXmls: [xml] }));
  const other = { port: '1-2', number: 3 };
  for (const device of [keyboard, other]) {
    box.plug(device);
    await box.event('add', device, 'static');
  }
  await box.work();
  const { rmSync } = await import('node:fs');
  rmSync(`${box.run}/wants/1-2@003.json`);
  const detached = await box.cli(['detach', '--all']);
  assert.equal(detached.exitCode, 0, detached.stderr);
  assert.deepEqual(box.hostdevs('static'), ['1:9 hostdev0']);
});

test('a detach that could not be done is a failure', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  box.libvirt((state) => {
    state.faults.push({ match: 'detach-device-alias', times: 99, stderr: 'error: no\n' });
    state.faults.push({ match: 'detach-device', times: 99, stderr: 'error: no\n' });
  });
  const detached = await box.cli(['detach', '--all']);
  assert.equal(detached.exitCode, 1);
  assert.match(detached.stdout, /^leaving 0627:0001 .* from guest1 .*: virsh could not detach it; .* \(virsh: no\)$/m);
});

test('a verb that does not exist, and an option without its value, are usage errors', async (context) => {
  const box = openBox(context);
  for (const args of [[], ['snyc'], ['detach'], ['sync', '--connect'], ['sync', '--no-such']]) {
    const run = await box.cli(args);
    assert.equal(run.exitCode, 2, args.join(' '));
    assert.match(run.stderr, /usb-libvirt-hotplug/);
  }
});

test('sync rebuilds from the udev database what was lost, and moves what its rule gives to another domain now', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => addDomain(state, { name: 'guest2' }));
  const moved = { port: '1-2', number: 3 };
  const byHand = { port: '1-3', number: 4 };
  for (const device of [keyboard, moved, byHand]) box.plug(device);
  await box.event('add', moved, 'guest1');
  await box.byHand(['guest1'], { ACTION: 'add', BUSNUM: '001', DEVNUM: '004' });
  await box.work();
  assert.equal(box.hostdevs().length, 2);

  for (const { port } of [keyboard, moved, byHand]) box.setProperties(port, { USB_LIBVIRT_DOMAIN: 'guest2' });
  const dry = await box.cli(['sync', '--dry-run']);
  assert.equal(
    dry.stdout,
    'would move 0627:0001 "QEMU USB Keyboard" on port 1-2 (bus 001 device 003) from guest1 to guest2\n' +
      'would attach 0627:0001 "QEMU USB Keyboard" on port 1-1 (bus 001 device 002) to guest2\n' +
      '1 attached already; nothing was changed\n',
  );
  assert.deepEqual([box.wants().length, box.hostdevs('guest2')], [2, []]);

  const done = await box.cli(['sync']);
  assert.match(done.stdout, /^attached 0627:0001 .* on port 1-1 .* to guest2 in \d+ ms$/m);
  assert.match(done.stdout, /^attached 0627:0001 .* on port 1-2 .* to guest2 in \d+ ms$/m);
  assert.match(done.stdout, /^3 attached, 0 not$/m);
  assert.deepEqual(box.hostdevs(), ['1:4 ua-usbhp-1-3-4']);
  assert.deepEqual(box.hostdevs('guest2').sort(), ['1:2 ua-usbhp-1-1-2', '1:3 ua-usbhp-1-2-3']);
});

test('a dry run tells of everything that a sync would do, and touches nothing', async (context) => {
  const box = openBox(context);
  const gone = { port: '1-2', number: 3 };
  const hub = { port: '1-4', number: 5, hub: true };
  for (const device of [keyboard, gone, hub]) {
    box.plug(device);
    await box.event('add', device, 'guest1');
  }
  await box.work();
  box.unplug(gone);
  const { rmSync } = await import('node:fs');
  rmSync(`${box.run}/wants/1-1@002.json`);
  const before = [box.wants(), box.records(), box.hostdevs()];
  const { exitCode, stdout } = await box.cli(['sync', '--dry-run', '--rescan']);
  assert.equal(exitCode, 0);
  for (const line of [
    'would trigger 1-1, and the rules may say otherwise then',
    'would detach 0627:0001 "QEMU USB Keyboard" on port 1-2 (bus 001 device 003) from guest1: it was unplugged',
    'would adopt 0627:0001 on port 1-1 (bus 001 device 002) in guest1: it carries our mark, and nothing else is known of it',
    'refused 0627:0001 "QEMU USB Keyboard" on port 1-4 (bus 001 device 005) for guest1: it is a hub, which libvirt cannot hand over; name the devices behind it',
    '0 attached already; nothing was changed',
  ]) {
    assert.ok(stdout.split('\n').includes(line), `${line}\n\n${stdout}`);
  }
  assert.deepEqual([box.wants(), box.records(), box.hostdevs()], before);
  assert.deepEqual(box.udevadmCalls(), []);
});

test('a dry run waits for a domain that is slow to answer, whose device it would take for one that is nowhere', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => addDomain(state, { name: 'guest2' }));
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  box.setProperties(keyboard.port, { USB_LIBVIRT_DOMAIN: 'guest2' });
  box.libvirt((state) => {
    const guest1 = state.domains.find(({ name }) => name === 'guest1');
    state.faults.push({ match: `dumpxml ${guest1?.uuid ?? ''}`, hangMs: 4000 });
  });
  assert.match(
    (await box.cli(['sync', '--dry-run'])).stdout,
    /^would move .* from guest1 to guest2\n0 attached already/,
  );
});

test('sync --rescan has the rules speak again for every device, and for no root hub', async (context) => {
  const box = openBox(context);
  box.plug({ port: 'usb1', number: 1, bus: 1, hub: true });
  box.plug(keyboard);
  assert.equal((await box.cli(['sync', '--rescan'])).exitCode, 0);
  const device = `${box.environment.USB_LIBVIRT_SYSFS}/bus/usb/devices/1-1`;
  assert.deepEqual(box.udevadmCalls(), [
    'control --reload',
    `trigger --settle --action=add ${device}`,
    `trigger --settle --action=bind ${device}`,
  ]);
});

test('without udev, sync does what can be done and says what could not', async (context) => {
  const box = openBox(context);
  const { rmSync } = await import('node:fs');
  rmSync(`${box.directory}/bin/udevadm`);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  const { exitCode, stdout, stderr } = await box.cli(['sync', '--rescan']);
  assert.match(stdout, /^1 attached, 0 not$/m);
  assert.match(stderr, /^udev could not be asked to run its rules again/m);
  assert.match(stderr, /^udev's database could not be read/m);
  assert.equal(exitCode, 1);
});

/** A worker that systemd started, with the keyboard to attach and no libvirtd to ask. */
async function startRetrying(box: Box): Promise<{ ended: Promise<Ended> }> {
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  box.libvirt((state) => {
    state.libvirtdDown = true;
  });
  const service = ended(box.service(600));
  await until('the worker tries again', () => box.virshVerbs().length > 2);
  return { ended: service };
}
