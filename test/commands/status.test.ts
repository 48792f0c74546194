import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test from 'node:test';
import { addDomain } from '../fake/world.mjs';
import { openBox } from '../box.js';

const keyboard = { port: '1-1', number: 2 };
const mouse = { port: '1-2', number: 3, product: 'QEMU USB Mouse' };
const gone = { port: '1-3', number: 7 };

test('a person sees what each domain holds, what is stale, what waits, and what there is room for', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => {
    addDomain(state, { name: 'off', running: false });
    addDomain(state, { name: 'idle', usbPorts: 2 });
  });
  for (const device of [keyboard, gone]) {
    box.plug(device);
    await box.event('add', device, 'guest1');
  }
  await box.work();
  box.unplug(gone);
  box.plug(mouse);
  await box.event('add', mouse, 'off');
  const { exitCode, stdout, stderr } = await box.cli(['status']);
  assert.equal(exitCode, 0, stderr);
  assert.equal(
    stdout,
    `guest1
  1-1  0627:0001 QEMU USB Keyboard  attached
  1-3  bus 1 device 7               stale: it is not plugged in any more; QEMU does not show it
  controller 0: qemu-xhci, 2 of 4 ports free
idle
  controller 0: qemu-xhci, 2 of 2 ports free
off (not running)
  1-2  0627:0001 QEMU USB Mouse  waiting: the domain is not running; it will be attached when the domain starts
`,
  );
  assert.match((await box.cli(['status', 'idle'])).stdout, /^idle\n {2}controller 0: qemu-xhci, 2 of 2 ports free\n$/);
  const [status] = JSON.parse((await box.cli(['status', 'guest1', '--json'])).stdout) as {
    devices: { port: string; state: string; inQemu: boolean }[];
  }[];
  assert.deepEqual(
    status?.devices.map(({ port, state, inQemu }) => [port, state, inQemu]),
    [
      ['1-1', 'attached', true],
      ['1-3', 'stale', false],
    ],
  );
});

test('what would not fit is said', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => addDomain(state, { name: 'small', usbPorts: 1 }));
  for (const device of [keyboard, mouse]) {
    box.plug(device);
    await box.event('add', device, 'small');
  }
  await box.work();
  const { stdout } = await box.cli(['status', 'small']);
  assert.match(stdout, /^ {2}1-2 .* waiting: small has no free USB port; /m);
  assert.match(stdout, /^ {2}1 wait, and there is room for 0$/m);
});

test('a domain that is off is told so, one that nobody knows has an exit code of its own; without libvirt nothing can be told', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => addDomain(state, { name: 'off', running: false }));
  const unknown = await box.cli(['status', 'nosuch']);
  assert.equal(unknown.exitCode, 3);
  assert.match(unknown.stderr, /no domain is named nosuch at qemu:\/\/\/system; there are:\n {2}guest1\n {2}off\n$/);
  const off = await box.cli(['status', 'off']);
  assert.deepEqual([off.exitCode, off.stdout], [0, 'off (not running)\n']);
  rmSync(`${box.directory}/bin/virsh`);
  const { exitCode, stderr } = await box.cli(['status']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /virsh was not found/);
});
