import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import test from 'node:test';
import { addDomain, startDomain, stopDomain } from './fake/world.mjs';
import { ended, openBox, until } from './box.js';

const keyboard = { port: '1-1', number: 2 };

test('a plugged device is attached to its domain under our mark, with four runs of virsh', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  const worker = await box.work();
  assert.deepEqual([worker.exitCode, worker.stderr], [0, '']);
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
  assert.deepEqual(box.virshVerbs(), ['list', 'dumpxml', 'attach-device', 'dumpxml']);
  await until('the line', () => lines.length > 0);
  assert.match(
    lines[0] ?? '',
    /^<30>\w{3} .\d \d\d:\d\d:\d\d usb-libvirt-hotplug\[\d+\]: attached 0627:0001 "QEMU USB Keyboard" on port 1-1 \(bus 001 device 002\) to guest1 in \d+ ms$/,
  );
  assert.equal(lines.length, 1);
  assert.ok(!box.isAwake());
});

test('an unplugged device is detached, and nothing of it is kept', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  box.unplug(keyboard);
  await box.event('remove', keyboard);
  await box.work();
  assert.deepEqual([box.hostdevs(), box.wants(), box.records()], [[], [], []]);
  await until('both lines', () => lines.length === 2);
  assert.match(
    lines[1] ?? '',
    /detached 0627:0001 "QEMU USB Keyboard" on port 1-1 \(bus 001 device 002\) from guest1 in \d+ ms: it was unplugged$/,
  );
});

test('arguments go to virsh one by one, options end before names, and the XML is a real file that is gone afterwards', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  const attach = box.calls().find(({ args }) => args.includes('attach-device'))?.args ?? [];
  const file = attach.at(-1) ?? '';
  assert.deepEqual(attach, [
    '--quiet',
    '--connect',
    'qemu:///system',
    'attach-device',
    '--live',
    '--',
    '36a02b13-6bb5-4cbf-a23b-000000000001',
    file,
  ]);
  assert.ok(file.startsWith(join(box.run, 'tmp/')) && !existsSync(file));
});

test('a fast replug, whose removal nobody has worked off: the ghost goes, the new device comes', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  const again = { ...keyboard, number: 3 };
  box.unplug(keyboard);
  box.plug(again);
  await box.event('add', again, 'guest1');
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:3 ua-usbhp-1-1-3']);
  assert.deepEqual(box.wants(), ['1-1@003.json']);
});

test('a ghost makes room before the new device comes, though the domain has one port only', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => addDomain(state, { name: 'small', usbPorts: 1 }));
  box.plug(keyboard);
  await box.event('add', keyboard, 'small');
  await box.work();
  const again = { ...keyboard, number: 3 };
  box.unplug(keyboard);
  box.plug(again);
  await box.event('add', again, 'small');
  await box.work();
  assert.deepEqual(box.hostdevs('small'), ['1:3 ua-usbhp-1-1-3']);
});

test('of two identical devices on two ports the right one goes', async (context) => {
  const box = openBox(context);
  const other = { port: '1-2', number: 3 };
  for (const device of [keyboard, other]) {
    box.plug(device);
    await box.event('add', device, 'guest1');
  }
  await box.work();
  box.unplug(keyboard);
  await box.event('remove', keyboard);
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:3 ua-usbhp-1-2-3']);
});

test('names that virsh or a shell could misread reach their own domain', async (context) => {
  const box = openBox(context);
  const names = ['4', '--help', 'my vm', 'ü "quoted" \'$(x)\' ;', ' leading'];
  box.libvirt((state) => {
    state.domains = [];
    for (let id = 1; id < 6; id += 1) addDomain(state, { name: `other${id}` });
    for (const name of names) addDomain(state, { name });
  });
  for (const [index, name] of names.entries()) {
    const device = { port: `1-${index + 1}`, number: index + 2 };
    box.plug(device);
    // As udev passes a name that may look like an option: by the environment.
    await box.event('add', device, undefined, { USB_LIBVIRT_DOMAIN: name });
  }
  await box.work();
  for (const [index, name] of names.entries()) {
    assert.deepEqual(box.hostdevs(name), [`1:${index + 2} ua-usbhp-1-${index + 1}-${index + 2}`], name);
  }
  assert.deepEqual(box.hostdevs('other4'), []);
});

test('a domain that is off is waited for, with the reason on file and in one line', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.libvirt((state) => {
    stopDomain(state, 'guest1');
  });
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  assert.equal((await box.work()).exitCode, 0);
  assert.equal((await box.work()).exitCode, 0);
  assert.deepEqual(
    [box.record('1-1@002.json').standing.kind, box.record('1-1@002.json').standing.reason],
    ['waiting', 'domain-not-running'],
  );
  await until('the line', () => lines.length > 0);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? '',
    /waiting .* for guest1 after \d+ ms: the domain is not running; it will be attached when the domain starts$/,
  );

  box.libvirt((state) => {
    startDomain(state, 'guest1');
  });
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
});

test('a domain that nobody has defined is waited for, and the way to find its name is told', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.plug(keyboard);
  await box.event('add', keyboard, 'gusst1');
  await box.work();
  await until('the line', () => lines.length > 0);
  assert.match(
    lines[0] ?? '',
    /^<28>.*no domain is named so at qemu:\/\/\/system; define it or correct the rule \(virsh -c qemu:\/\/\/system list --all shows the names\)$/,
  );
});

test('with libvirtd down the device waits, and comes when it is back', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.libvirt((state) => {
    state.libvirtdDown = true;
  });
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  const worker = box.service();
  await until('the line', () => lines.length > 0);
  assert.match(
    lines[0] ?? '',
    /libvirt does not answer at qemu:\/\/\/system; it will be attached when libvirtd \(or virtqemud\) runs again/,
  );
  assert.equal(box.record('1-1@002.json').standing.reason, 'hypervisor-unreachable');
  box.libvirt((state) => {
    state.libvirtdDown = false;
  });
  assert.equal((await ended(worker)).exitCode, 0);
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
  assert.equal(lines.length, 2);
});

test('what is transient is tried again, and told only when it is over', async (context) => {
  for (const fault of [
    { match: 'attach-device', times: 2, jobLock: true },
    { match: 'attach-device', stderr: 'error: internal error: Did not find USB device bus:1 device:2\n' },
    {
      match: 'attach-device',
      stderr:
        "error: internal error: unable to execute QEMU command 'device_add': failed to find host usb device 1:2\n",
    },
    { match: 'attach-device', afterEffect: true, exit141: true },
    { match: 'attach-device', exit141: true },
    { match: 'attach-device', afterEffect: true, killed: true },
    { match: 'dumpxml', killed: true },
    { match: 'list', exit141: true },
  ]) {
    const box = openBox(context);
    const lines = box.openSyslog();
    box.libvirt((state) => {
      state.faults.push(fault);
    });
    box.plug(keyboard);
    await box.event('add', keyboard, 'guest1');
    await box.work();
    assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2'], JSON.stringify(fault));
    await until('the line', () => lines.length > 0);
    assert.match(lines.at(-1) ?? '', /attached/);
    if (fault.match === 'attach-device' && fault.exit141 === undefined && fault.killed === undefined)
      assert.equal(lines.length, 1, lines.join('\n'));
  }
});

test('a detach that virsh calls done and that is not done is noticed, and done by bus and device', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  box.unplug(keyboard);
  await box.event('remove', keyboard);
  box.libvirt((state) => {
    state.faults.push({ match: 'detach-device-alias', silentDetach: true });
  });
  await box.work();
  assert.ok(box.virshVerbs().includes('detach-device'));
  assert.deepEqual([box.hostdevs(), box.wants()], [[], []]);
});

test('a detach that takes its time is waited for', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  box.unplug(keyboard);
  await box.event('remove', keyboard);
  box.libvirt((state) => {
    state.faults.push({ match: 'detach-device-alias', silentDetach: 3 });
  });
  await box.work();
  assert.ok(!box.virshVerbs().includes('detach-device'));
  assert.deepEqual([box.hostdevs(), box.wants()], [[], []]);
});

test('without a free port the device waits, and the others get theirs', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.libvirt((state) => {
    addDomain(state, { name: 'full', usbPorts: 0 });
  });
  const other = { port: '1-2', number: 3 };
  for (const [device, domain] of [
    [keyboard, 'full'],
    [other, 'guest1'],
  ] as const) {
    box.plug(device);
    await box.event('add', device, domain);
  }
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:3 ua-usbhp-1-2-3']);
  await until('both lines', () => lines.length === 2);
  assert.ok(lines.some((line) => line.includes('full has no free USB port')));
});

test('one domain that hangs holds up no other', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => {
    const hanging = addDomain(state, { name: 'hanging' });
    state.faults.push({ match: `dumpxml ${hanging.uuid}`, times: 9, hangMs: 60_000 });
  });
  const other = { port: '1-2', number: 3 };
  for (const [device, domain] of [
    [keyboard, 'hanging'],
    [other, 'guest1'],
  ] as const) {
    box.plug(device);
    await box.event('add', device, domain);
  }
  const worker = box.service();
  const startedMs = performance.now();
  await until('the other has its device', () => box.hostdevs().length === 1);
  assert.ok(performance.now() - startedMs < 40_000);
  worker.kill('SIGKILL');
});

test('a device whose turn comes late is not attached when it is gone by then, nor a stranger that has its number', async (context) => {
  const box = openBox(context);
  const other = { port: '1-2', number: 3 };
  for (const device of [keyboard, other]) {
    box.plug(device);
    await box.event('add', device, 'guest1');
  }
  box.libvirt((state) => state.faults.push({ match: 'attach-device', hangMs: 4000 }));
  const worker = ended(box.service());
  await until('the first is at it', () => box.virshVerbs().includes('attach-device'));
  box.unplug(other);
  box.plug({ port: '1-7', number: 3 });
  await worker;
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
  assert.equal(box.virshVerbs().filter((verb) => verb === 'attach-device').length, 1);
  assert.deepEqual(box.wants(), ['1-1@002.json']);
});

test('a hub is refused in words', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  const hub = { port: '1-4', number: 4, ids: '0409:55aa', hub: true, product: 'QEMU USB Hub' };
  box.plug(hub);
  await box.event('add', hub, 'guest1');
  await box.work();
  assert.ok(!box.virshVerbs().includes('attach-device'));
  await until('the line', () => lines.length > 0);
  assert.match(
    lines[0] ?? '',
    /^<28>.*refused 0409:55aa "QEMU USB Hub" on port 1-4 .*: it is a hub, which libvirt cannot hand over/,
  );
});

test('a device that is not configured yet is waited for', async (context) => {
  const box = openBox(context);
  box.plug({ ...keyboard, configured: false });
  await box.event('add', keyboard, 'guest1');
  const worker = box.service();
  await until('the worker looked', () => box.records().length > 0);
  assert.deepEqual(box.hostdevs(), []);
  box.configure(keyboard.port);
  await ended(worker);
  assert.equal(box.hostdevs().length, 1);
});

test('a device goes to the domain that the edited rules name', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => addDomain(state, { name: 'guest2' }));
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  await box.event('change', keyboard, 'guest2', { SEQNUM: '2000' });
  await box.work();
  assert.deepEqual([box.hostdevs('guest1'), box.hostdevs('guest2')], [[], ['1:2 ua-usbhp-1-1-2']]);
});

test('a device moves though the rules were edited in the midst of its attachment', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => {
    addDomain(state, { name: 'guest2' });
    // The answer of the second, that the first domain has it, comes when it has it no more.
    for (const hangMs of [3000, 6000]) state.faults.push({ match: 'attach-device', hangMs });
  });
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  const worker = box.service(4);
  await until('libvirt has attached it', () => box.hostdevs().length === 1);
  await box.event('change', keyboard, 'guest2', { SEQNUM: '2000' });
  assert.equal((await ended(worker)).exitCode, 0);
  assert.deepEqual([box.hostdevs('guest1'), box.hostdevs('guest2')], [[], ['1:2 ua-usbhp-1-1-2']]);
});

test('a device that is given to a domain of another hypervisor is taken from the first', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => {
    state.uris.push('qemu:///session');
    addDomain(state, { name: 'mine', uri: 'qemu:///session' });
  });
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  await box.event('change', keyboard, 'mine', { SEQNUM: '2000', LIBVIRT_DEFAULT_URI: 'qemu:///session' });
  await box.work();
  assert.deepEqual([box.hostdevs('guest1'), box.hostdevs('mine')], [[], ['1:2 ua-usbhp-1-1-2']]);
});

test('a hypervisor by another of its names is the same one', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1', { LIBVIRT_DEFAULT_URI: 'qemu+unix:///system' });
  for (let round = 0; round < 3; round += 1) {
    await box.work();
    assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
  }
  assert.deepEqual(box.changingVerbs(), ['attach-device']);
  const lines = box.openSyslog();
  box.unplug(keyboard);
  await box.work();
  await until('the line', () => lines.length > 0);
  assert.deepEqual(box.hostdevs(), []);
  assert.equal(lines.length, 1, lines.join('\n'));
});

test('another kind of device under the same number at the same port is not the one that was given', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  box.unplug(keyboard);
  box.plug({ ...keyboard, ids: '0781:5567' });
  await box.work();
  assert.deepEqual([box.hostdevs(), box.wants()], [[], []]);
});

test('a libvirt that hangs is told once, with the reason on file', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.libvirt((state) => {
    state.faults.push({ match: 'list', times: 99, hangMs: 120_000 });
  });
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  const worker = box.service();
  await until('the line', () => lines.length > 0, 120_000);
  assert.match(lines[0] ?? '', /waiting 0627:0001 .*: virsh did not come back in time; it is tried again$/);
  assert.equal(box.record('1-1@002.json').standing.reason, 'timed-out');
  worker.kill('SIGKILL');
});

test('a libvirt that does not answer for a moment unsettles nothing that is attached', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  for (const match of ['list', 'dumpxml']) {
    box.libvirt((state) => {
      state.faults.push({ match, exit141: true });
    });
    await box.work();
  }
  await until('the line', () => lines.length > 0);
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.equal(box.record('1-1@002.json').standing.kind, 'attached');
});

test("other people's hostdevs are left alone", async (context) => {
  const box = openBox(context);
  const xml = '<hostdev mode="subsystem" type="usb"><source><address bus="1" device="9"/></source></hostdev>';
  const other = { port: '1-9', number: 9 };
  box.plug(other);
  box.libvirt((state) => addDomain(state, { name: 'static', hostdevXmls: [xml] }));
  box.plug(keyboard);
  await box.event('add', keyboard, 'static');
  await box.work();
  assert.deepEqual(box.hostdevs('static'), ['1:9 hostdev0', '1:2 ua-usbhp-1-1-2']);
  box.unplug(keyboard);
  box.unplug(other);
  await box.event('remove', keyboard);
  await box.work();
  assert.deepEqual(box.hostdevs('static'), ['1:9 hostdev0']);
});

test('a device of ours that nothing is known of is adopted where it is, and a ghost is removed', async (context) => {
  const box = openBox(context);
  const other = { port: '1-2', number: 3 };
  for (const device of [keyboard, other]) {
    box.plug(device);
    await box.event('add', device, 'guest1');
  }
  await box.work();
  const { rmSync } = await import('node:fs');
  rmSync(box.run, { recursive: true });
  box.unplug(other);
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
  assert.deepEqual(box.wants(), ['1-1@002.json']);
});

test('a lingering worker takes what is plugged meanwhile, and its end is orderly', async (context) => {
  const box = openBox(context);
  const worker = box.service(4);
  await until('the worker looked', () => box.virshVerbs().length > 0);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await until('attached', () => box.hostdevs().length === 1);
  assert.equal(worker.exitCode, null);
  assert.equal((await ended(worker)).exitCode, 0);
});

test('a second worker waits for the first, and the lock of a killed one is free', async (context) => {
  const box = openBox(context);
  const first = box.service(60);
  await until('the first works', () => box.virshVerbs().length > 0);
  const second = box.service(0);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal(box.virshVerbs().length, 2);
  first.kill('SIGKILL');
  assert.equal((await ended(second)).exitCode, 0);
});

test('files that are no wants are told, removed, and hold nothing up', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  mkdirSync(join(box.run, 'wants'), { recursive: true });
  writeFileSync(join(box.run, 'wants/1-3@009.json'), '{"half');
  writeFileSync(join(box.run, 'wants/.1-1@002.json.77'), '{"draft');
  mkdirSync(join(box.run, 'state'));
  mkdirSync(join(box.run, 'wants/1-4@010.json'));
  writeFileSync(join(box.run, 'state/1-1@002.json'), 'nonsense');
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  assert.equal(box.hostdevs().length, 1);
  await until('all lines', () => lines.length === 3);
  assert.ok(lines.some((line) => line.includes('1-3@009.json under wants/ is no want')));
  assert.ok(!existsSync(join(box.run, 'wants/1-3@009.json')));
});

test("a device's own name forges no line of the log", async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  const evil = { ...keyboard, product: 'Evil\nattached 1234:5678 to root\u001b[2J' };
  box.plug(evil);
  await box.event('add', evil, 'guest1');
  await box.work();
  await until('the line', () => lines.length > 0);
  assert.equal(lines.length, 1);
  assert.ok(lines[0]?.includes('"Evil\\x0aattached 1234:5678 to root\\x1b[2J"'), lines[0]);
});

test('virsh runs under LC_ALL=C with a PATH and nothing else of an environment', async (context) => {
  const box = openBox(context);
  const program = join(box.directory, 'bin/virsh');
  const real = readFileSync(program, 'utf8');
  const seen = join(box.directory, 'environment');
  writeFileSync(program, real.replace('exec ', `/usr/bin/env >${seen}\nexec `));
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1', { LD_PRELOAD: '', NODE_OPTIONS: '' });
  await box.work();
  const names = readFileSync(seen, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0]);
  // The shell that the fake is started by adds PWD and such.
  assert.deepEqual(names.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name ?? '')).sort(), [
    'LC_ALL',
    'PATH',
  ]);
});

test('a device that comes and goes endlessly is left alone, told once, until a sync', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  for (let number = 2; number <= 10; number += 1) {
    box.plug({ port: '1-1', number });
    await box.event('add', { port: '1-1', number }, 'guest1');
    await box.work();
    if (number === 10) break;
    box.unplug({ port: '1-1', number });
    await box.event('remove', { port: '1-1', number });
    await box.work();
  }
  assert.deepEqual(box.hostdevs(), []);
  assert.equal(lines.filter((line) => line.includes('attached')).length, 6);
  const warnings = lines.filter((line) => line.includes('refused'));
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? '',
    /it came and went more than 6 times within 60 s, and is left alone; "usb-libvirt-hotplug sync" attaches it, as does a new plug after as long a rest$/,
  );
  // Nor does its domain get it by being restarted.
  box.libvirt((state) => {
    stopDomain(state, 'guest1');
    startDomain(state, 'guest1');
  });
  await box.work();
  assert.deepEqual(box.hostdevs(), []);

  assert.match((await box.cli(['sync'])).stdout, /^attached 0627:0001 .*device 010\) to guest1/m);
  assert.deepEqual(box.hostdevs(), ['1:10 ua-usbhp-1-1-10']);
});

test('drafts of files whose writers were killed are removed, and one that is being written is not', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  const draft = (pid: number) => join(box.run, `wants/.1-2@003.json.${pid}`);
  const gone = await ended(spawn(process.execPath, ['-e', 'console.log(process.pid)']));
  writeFileSync(draft(Number(gone.stdout)), '{"dev');
  writeFileSync(draft(process.pid), '{"dev');
  await box.work();
  assert.ok(!existsSync(draft(Number(gone.stdout))));
  assert.ok(existsSync(draft(process.pid)));
});

test('a device that comes back under its old number after the worker died at its attachment is attached anew', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => {
    state.faults.push({ match: 'attach-device', hangMs: 60_000 });
  });
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  const worker = box.service();
  await until('libvirt has attached it', () => box.hostdevs().length === 1);
  worker.kill('SIGKILL');
  await box.replugUnseen(keyboard, 'guest1');
  await box.work();
  assert.deepEqual(box.changingVerbs(), ['attach-device', 'detach-device-alias', 'attach-device']);
});

test('a device that comes back under its old number while libvirt does not answer is attached anew when it does', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  await box.replugUnseen(keyboard, 'guest1');
  box.libvirt((state) => {
    state.faults.push({ match: 'list', exit141: true });
  });
  await box.work();
  assert.deepEqual(box.changingVerbs(), ['attach-device', 'detach-device-alias', 'attach-device']);
});

test('a device that comes back under its old number before anybody looked is attached anew', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  await box.replugUnseen(keyboard, 'guest1');
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
  assert.deepEqual(box.changingVerbs(), ['attach-device', 'detach-device-alias', 'attach-device']);
});
