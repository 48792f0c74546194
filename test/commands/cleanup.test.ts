import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { addDomain, stopDomain } from '../fake/world.mjs';
import { whyNoProgram } from '../programs.js';
import { ended, openBox, until } from '../box.js';

const keyboard = { port: '1-1', number: 2 };
const gone = { port: '1-2', number: 3 };
const stick = { port: '1-9', number: 9 };
const tablet = { port: '1-10', number: 10 };

/** A guest with two of ours and two of its own, one of each unplugged while nobody looked. */
async function openHost(context: TestContext) {
  const box = openBox(context);
  const xmlOf = (device: number) =>
    `<hostdev mode="subsystem" type="usb"><source><address bus="1" device="${device}"/></source></hostdev>`;
  for (const device of [keyboard, gone, stick, tablet]) box.plug(device);
  box.libvirt((state) => addDomain(state, { name: 'win10', usbPorts: 8, hostdevXmls: [xmlOf(9), xmlOf(10)] }));
  for (const device of [keyboard, gone]) await box.event('add', device, 'win10');
  await box.work();
  for (const device of [gone, stick]) box.unplug(device);
  return box;
}

test('what is stale in a domain is shown, ours or not, and stays until somebody says yes', async (context) => {
  const box = await openHost(context);
  const { exitCode, stdout, stderr } = await box.cli(['cleanup', 'win10']);
  assert.equal(exitCode, 0, stderr);
  assert.equal(
    stdout,
    `win10 holds 2 hostdevs whose devices are not plugged in any more:
  hostdev0        bus 001 device 009
  ua-usbhp-1-2-3  bus 001 device 003  attached by this program at port 1-2
Nothing was removed, with no terminal to ask on; --yes removes them.
`,
  );
  assert.equal(box.hostdevs('win10').length, 4);
});

test('with --yes it is removed, and what is plugged in stays', async (context) => {
  const box = await openHost(context);
  const { exitCode, stdout, stderr } = await box.cli(['cleanup', '--yes', 'win10']);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^removed the stale hostdev hostdev0 from win10: its device is no longer plugged in there$/m);
  assert.match(stdout, /^removed the stale hostdev ua-usbhp-1-2-3 from win10: /m);
  assert.deepEqual(box.hostdevs('win10'), ['1:10 hostdev1', '1:2 ua-usbhp-1-1-2']);
  assert.equal((await box.cli(['cleanup', 'win10'])).stdout, 'win10 holds no stale USB hostdevs\n');
});

const skip = await whyNoProgram('script', 'bsdutils');
for (const [answer, left] of [
  ['y', 2],
  ['n', 4],
] as const) {
  test(`a person at a terminal is asked, and says ${answer}`, { skip }, async (context) => {
    const box = await openHost(context);
    const typed = spawnSync(
      'script',
      ['--quiet', '--return', '--command', `${process.execPath} dist/cli.cjs cleanup win10`, '/dev/null'],
      { env: { ...box.environment, TERM: 'dumb' }, input: `${answer}\n`, encoding: 'utf8', timeout: 30_000 },
    );
    assert.match(typed.stdout, /Remove these 2\? \[y\/N\] /);
    assert.equal(typed.status, 0, typed.stdout);
    assert.equal(box.hostdevs('win10').length, left, typed.stdout);
  });
}

test('a detach in words only is a failure, and the hostdev is named', async (context) => {
  const box = await openHost(context);
  box.libvirt((state) => {
    state.faults.push({
      match: 'detach-device',
      times: 99,
      stderr: 'error: Timed out during operation: cannot acquire state change lock\n',
    });
  });
  const { exitCode, stderr } = await box.cli(['cleanup', '--yes', 'win10']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^the hostdev hostdev0 stays in win10: domain busy \(virsh: Timed out .*\); try again/m);
  assert.equal(box.hostdevs('win10').filter((hostdev) => hostdev.includes('hostdev0')).length, 1);
});

test('a worker that lingers ends for it', async (context) => {
  const box = await openHost(context);
  const calls = box.virshVerbs().length;
  const service = ended(box.service(600));
  await until('the worker works', () => box.virshVerbs().length > calls);
  const { exitCode, stdout, stderr } = await box.cli(['cleanup', '--yes', 'win10']);
  assert.equal(exitCode, 0, stdout + stderr);
  assert.match(stderr, /a worker is at work; waiting/);
  assert.equal((await service).exitCode, 0);
  assert.deepEqual(box.hostdevs('win10'), ['1:10 hostdev1', '1:2 ua-usbhp-1-1-2']);
});

test('a domain that is off holds nothing, one that is unknown is told with the names, and a running id is no name', async (context) => {
  const box = await openHost(context);
  box.libvirt((state) => {
    stopDomain(state, 'guest1');
  });
  const off = await box.cli(['cleanup', 'guest1']);
  assert.deepEqual([off.exitCode, off.stdout], [0, 'guest1 is not running: it holds no USB devices now\n']);
  for (const wanted of ['win1', '2']) {
    const { exitCode, stderr } = await box.cli(['cleanup', wanted]);
    assert.equal(exitCode, 3, stderr);
    assert.match(
      stderr,
      new RegExp(`no domain is named ${wanted} at qemu:///system; there are:\\n  guest1\\n  win10\\n$`),
    );
  }
  assert.equal((await box.cli(['cleanup'])).exitCode, 2);
});

test('without virsh, or with a libvirt that is down, nothing is done and the remedy is told', async (context) => {
  const box = await openHost(context);
  box.libvirt((state) => (state.libvirtdDown = true));
  const down = await box.cli(['cleanup', 'win10']);
  assert.equal(down.exitCode, 1);
  assert.match(down.stderr, /libvirt does not answer at qemu:\/\/\/system \(virsh: /);
  rmSync(`${box.directory}/bin/virsh`);
  const missing = await box.cli(['cleanup', 'win10']);
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /virsh was not found; install libvirt's client programs/);
});
