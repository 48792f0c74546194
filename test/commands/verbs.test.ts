import assert from 'node:assert/strict';
import test from 'node:test';
import { addDomain, startDomain, stopDomain } from '../fake/world.mjs';
import { openBox, until } from '../box.js';

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

test('sync while a worker lingers has it look again, and waits for it', async (context) => {
  const box = openBox(context);
  box.service(3);
  await until('the worker works', () => box.virshVerbs().length > 0);
  assert.match((await box.cli(['sync'])).stdout, /^0 attached, 0 not\n$/);
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
