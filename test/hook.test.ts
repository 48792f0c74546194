import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ended, openBox, until, type Box } from './box.js';

const keyboard = { port: '1-1', number: 2 };

test('under udev a plug leaves a want and a wake, and libvirt is not asked', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  const hook = await box.event('add', keyboard, 'guest1');
  assert.deepEqual([hook.exitCode, hook.stdout, hook.stderr], [0, '', '']);
  assert.deepEqual(box.wants(), ['1-1@002.json']);
  const want = readWant(box);
  assert.deepEqual(
    [want['domain'], want['uri'], want['vendorId'], want['productId'], want['seqnum']],
    ['guest1', 'qemu:///system', '0627', '0001', 1000],
  );
  assert.equal(want['devpath'], '/devices/pci0000:00/0000:00:05.0/usb1/1-1');
  assert.ok(box.isAwake());
  assert.deepEqual(box.calls(), []);
});

test('the events that follow a plug write nothing and wake nobody', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  const before = [
    readFileSync(join(box.run, 'wants/1-1@002.json'), 'utf8'),
    statSync(join(box.run, 'wants/1-1@002.json')).ino,
  ];
  for (const [action, seqnum] of [
    ['change', '1001'],
    ['bind', '1002'],
    ['add', '1003'],
    ['unbind', '1004'],
  ] as const) {
    assert.equal((await box.event(action, keyboard, 'guest1', { SEQNUM: seqnum })).exitCode, 0);
  }
  assert.deepEqual(
    [readFileSync(join(box.run, 'wants/1-1@002.json'), 'utf8'), statSync(join(box.run, 'wants/1-1@002.json')).ino],
    before,
  );
  assert.ok(!box.isAwake());
});

test("the files are written as the hook's shell front reads them", async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  assert.match(
    readFileSync(join(box.run, 'wants/1-1@002.json'), 'utf8'),
    /"domain":"guest1","uri":"qemu:\/\/\/system",.*"rivals":\[\],"released":false,.*\n$/,
  );
  assert.match(readFileSync(join(box.run, 'state/1-1@002.json'), 'utf8'), /"standing":\{"kind":"attached".*\n$/);
});

test('a device that was not configured is looked at again when udev speaks of it, and no other failure is', async (context) => {
  const box = openBox(context);
  box.plug({ ...keyboard, configured: false });
  await box.event('add', keyboard, 'guest1');
  await box.work();
  assert.ok(!box.isAwake());
  await box.event('bind', keyboard, 'guest1', { SEQNUM: '1002' });
  assert.ok(box.isAwake());

  const other = { port: '1-2', number: 3 };
  box.plug(other);
  await box.event('add', other, 'nosuch');
  await box.work();
  // QEMU's failed attempts reset a device: that its event woke the worker would make a loop.
  await box.event('change', other, 'nosuch', { SEQNUM: '1003' });
  assert.ok(!box.isAwake());
});

test('a hook that died before it could wake the worker is made up for by the next event', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  rmSync(join(box.run, 'wake'));
  await box.event('bind', keyboard, 'guest1', { SEQNUM: '1002' });
  assert.ok(box.isAwake());
});

test('on a host without systemd each event of a plug does its work and ends', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  for (const [action, seqnum] of [
    ['add', '1000'],
    ['change', '1001'],
    ['bind', '1002'],
  ] as const) {
    const outside = { SEQNUM: seqnum, USB_LIBVIRT_CGROUP: '/dev/null' };
    const hook = await box.event(action, keyboard, 'guest1', outside);
    assert.equal(hook.exitCode, 0, hook.stderr);
    assert.match(hook.stdout, /^attached 0627:0001 /);
  }
  assert.equal(box.virshVerbs().filter((verb) => verb === 'attach-device').length, 1);
  box.unplug(keyboard);
  await box.event('remove', keyboard, 'guest1', { SEQNUM: '1003', USB_LIBVIRT_CGROUP: '/dev/null' });
  assert.deepEqual([box.hostdevs(), box.wants()], [[], []]);
});

test('by hand, a device is not taken back in the name of a domain that does not have it', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  const hook = await box.byHand(['guest2'], { ACTION: 'remove', BUSNUM: '001', DEVNUM: '002' });
  assert.deepEqual(
    [hook.exitCode, hook.stderr],
    [1, 'hook: the device was given to guest1, not to guest2; name that domain, or none\n'],
  );
  assert.equal(box.hostdevs().length, 1);
});

test('the domain may come from the environment, and the hypervisor from an option or the environment', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, undefined, { USB_LIBVIRT_DOMAIN: 'my "vm" ü', LIBVIRT_DEFAULT_URI: 'test:///x' });
  assert.deepEqual([readWant(box)['domain'], readWant(box)['uri']], ['my "vm" ü', 'test:///x']);
  await box.hook(['--connect', 'qemu:///session', 'win10'], {
    ...properties('add'),
    SEQNUM: '1001',
    LIBVIRT_DEFAULT_URI: 'test:///x',
    USB_LIBVIRT_CGROUP: join(box.directory, 'cgroup-udev'),
  });
  assert.deepEqual([readWant(box)['domain'], readWant(box)['uri']], ['win10', 'qemu:///session']);
});

test('two rules that give one device to two domains: the first has it, the second is told so once', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  for (const seqnum of ['1000', '1001', '1002']) {
    if (seqnum !== '1000') await box.event('bind', keyboard, 'guest1', { SEQNUM: seqnum });
    assert.equal((await box.event('bind', keyboard, 'guest2', { SEQNUM: seqnum })).exitCode, 0);
  }
  assert.equal(readWant(box)['domain'], 'guest1');
  await until('the refusal in syslog', () => lines.length > 0);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? '',
    /^<28>.* usb-libvirt-hotplug\[\d+\]: refused 0627:0001 "QEMU USB Keyboard" on port 1-1 .* for guest2: a rule gave it to guest1 in the same event/,
  );
});

test('wrong input is one clear line, exit 1, and nothing written', async (context) => {
  const box = openBox(context);
  const rows: [Record<string, string>, string[], RegExp][] = [
    [{ SUBSYSTEM: '' }, ['guest1'], /^hook: SUBSYSTEM is not set; it should be "usb"\n$/],
    [{ DEVTYPE: 'disk' }, ['guest1'], /^hook: DEVTYPE is "disk"/],
    [{ ACTION: '' }, ['guest1'], /^hook: ACTION is not set/],
    [{ BUSNUM: 'abc' }, ['guest1'], /^hook: BUSNUM is "abc"/],
    [{ DEVNUM: '000' }, ['guest1'], /^hook: DEVNUM is "000"/],
    [{ DEVNUM: '1000' }, ['guest1'], /^hook: DEVNUM is "1000"/],
    [{}, [], /^hook: no domain is named/],
    [
      {},
      ['--connect', 'qemu+ssh://other/system', 'a'],
      /^hook: "qemu\+ssh:\/\/other\/system" is no URI of a hypervisor on this host/,
    ],
    [{}, ['a', 'b'], /^hook: one domain is expected, and there are 2: a, b/],
    [{}, ['--no-such-option', 'a'], /^hook: Unknown option '--no-such-option'/],
    [{ DEVPATH: '', PRODUCT: '' }, ['guest1'], /^hook: no device 2 is plugged in on bus 1; lsusb/],
  ];
  for (const [change, args, message] of rows) {
    const hook = await box.byHand(args, { ...properties('add'), ...change });
    assert.equal(hook.exitCode, 1, String(message));
    assert.match(hook.stderr, message);
    assert.equal(hook.stdout, '');
  }
  assert.ok(!existsSync(box.run));
});

test('under udev what is wrong goes to syslog', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  const hook = await box.event('add', keyboard);
  assert.deepEqual([hook.exitCode, hook.stderr], [1, '']);
  await until('the line', () => lines.length > 0);
  assert.match(lines[0] ?? '', /^<27>.*: no domain is named; give it as the last argument or in USB_LIBVIRT_DOMAIN$/);
});

test('an unknown action, an interface and an unbind end in peace', async (context) => {
  const box = openBox(context);
  for (const change of [
    { ACTION: 'no-such-action' },
    { DEVTYPE: 'usb_interface' },
    { ACTION: 'unbind' },
    { ACTION: 'change', DEVNUM: '000' },
  ]) {
    const hook = await box.event('add', keyboard, 'guest1', change);
    assert.deepEqual([hook.exitCode, hook.stdout, hook.stderr], [0, '', '']);
  }
  assert.ok(!existsSync(box.run));
});

test("by hand, as in the old script's README, a device is attached, and the result is printed", async (context) => {
  const box = openBox(context);
  box.plug({ port: '1-4.2', number: 37 });
  const hook = await box.byHand(['guest1'], { ACTION: 'add', BUSNUM: '001', DEVNUM: '037' });
  assert.equal(hook.exitCode, 0, hook.stderr);
  assert.match(
    hook.stdout,
    /^attached 0627:0001 "QEMU USB Keyboard" on port 1-4\.2 \(bus 001 device 037\) to guest1 in \d+ ms\n$/,
  );
  assert.deepEqual(box.hostdevs(), ['1:37 ua-usbhp-1-4_2-37']);

  const again = await box.byHand(['guest1'], { ACTION: 'add', BUSNUM: '001', DEVNUM: '037' });
  assert.match(again.stdout, /^attached /);
  assert.deepEqual(box.hostdevs(), ['1:37 ua-usbhp-1-4_2-37']);
});

test('by hand, a device is taken back though it is still there, and stays out whatever the rules say', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  const hook = await box.byHand([], { ACTION: 'remove', BUSNUM: '001', DEVNUM: '002' });
  assert.equal(hook.exitCode, 0, hook.stderr);
  assert.match(hook.stdout, /^released 0627:0001 .* from guest1 in \d+ ms: taken back by hand/);
  assert.deepEqual(box.hostdevs(), []);

  // What the kernel says of a device that was detached, under a rule without an ACTION match.
  await box.event('change', keyboard, 'guest1', { SEQNUM: '1004' });
  await box.work();
  assert.deepEqual(box.hostdevs(), []);

  await box.byHand(['guest1'], { ACTION: 'add', BUSNUM: '001', DEVNUM: '002' });
  assert.equal(box.hostdevs().length, 1);
});

test('by hand, a device that is gone is detached by the numbers it had', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  await box.work();
  box.unplug(keyboard);
  const hook = await box.byHand(['guest1'], { ACTION: 'remove', BUSNUM: '001', DEVNUM: '002' });
  assert.match(
    hook.stdout,
    /^detached 0627:0001 "QEMU USB Keyboard" on port 1-1 .* from guest1 in \d+ ms: it was unplugged\n$/,
  );
  assert.deepEqual([box.hostdevs(), box.wants(), box.records()], [[], [], []]);
});

test('by hand, a domain that is off is an outcome, not a failure', async (context) => {
  const box = openBox(context);
  box.libvirt((state) => {
    for (const domain of state.domains) domain.state = 'shut off';
  });
  box.plug(keyboard);
  const hook = await box.byHand(['guest1'], { ACTION: 'add', BUSNUM: '001', DEVNUM: '002' });
  assert.equal(hook.exitCode, 0);
  assert.match(
    hook.stdout,
    /^waiting 0627:0001 .* for guest1 after \d+ ms: the domain is not running; it will be attached when the domain starts\n$/,
  );
});

test('by hand while a worker lingers: the worker does it, and the result is printed all the same', async (context) => {
  const box = openBox(context);
  const worker = box.service(60);
  await until('the worker works', () => existsSync(join(box.run, 'lock')) && box.calls().length > 0);
  box.plug(keyboard);
  const hook = await box.byHand(['guest1'], { ACTION: 'add', BUSNUM: '001', DEVNUM: '002' });
  assert.match(hook.stdout, /^attached 0627:0001 /);
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
  worker.kill('SIGTERM');
});

test('--help and --version answer without an event', async (context) => {
  const box = openBox(context);
  assert.match((await box.hook(['--help'], {})).stdout, /^Usage: hook \[--connect URI\]/);
  assert.match((await box.hook(['--version'], {})).stdout, /^usb-libvirt-hotplug \d+\.\d+\.\d+ on Node \d+/);
});

test(
  'somebody who may not write is told to be root',
  { skip: process.getuid?.() !== 0 && 'the test lowers its own rights, which only root can' },
  async (context) => {
    const box = openBox(context);
    box.plug(keyboard);
    chmodSync(box.directory, 0o755);
    const { spawn } = await import('node:child_process');
    const hook = await ended(
      spawn('setpriv', ['--reuid=65534', '--clear-groups', process.execPath, 'dist/hook.cjs', 'guest1'], {
        env: { ...box.environment, ...properties('add'), USB_LIBVIRT_CGROUP: '/dev/null' },
      }),
    );
    assert.equal(hook.exitCode, 1);
    assert.match(hook.stderr, /cannot be written .*; run as root/);
  },
);

test('what udev starts holds no yargs, no winston and no execa, and what people start reads execa late', () => {
  const packagesIn = (bundle: string) => {
    const { sources } = JSON.parse(readFileSync(`dist/${bundle}.map`, 'utf8')) as { sources: string[] };
    return new Set(sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []));
  };
  assert.deepEqual([...packagesIn('hook.cjs')], []);
  const cli = packagesIn('cli.cjs');
  assert.deepEqual(
    ['yargs', 'execa', 'xml2js', 'winston'].filter((name) => cli.has(name)),
    ['yargs'],
  );
});

test('with the native addon of another Node, lines go by logger, and the work is done', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  box.plug(keyboard);
  const copy = join(box.directory, 'dist');
  mkdirSync(copy);
  for (const name of ['hook', 'worker', 'service', 'syslog', 'logger', 'by-hand'])
    writeFileSync(join(copy, `${name}.cjs`), readFileSync(`dist/${name}.cjs`));
  writeFileSync(join(copy, 'unix_dgram.node'), 'of another ABI');
  await box.event('add', keyboard, 'guest1');
  const { spawn } = await import('node:child_process');
  const worker = await ended(
    spawn(process.execPath, ['--jitless', join(copy, 'service.cjs'), '--linger-seconds', '0'], {
      env: box.environment,
    }),
  );
  assert.equal(worker.exitCode, 0, worker.stderr);
  await until('the line', () => lines.length > 0);
  assert.match(lines[0] ?? '', /^<30>.* usb-libvirt-hotplug: attached 0627:0001 .* to guest1 in \d+ ms$/);
  assert.equal(box.hostdevs().length, 1);
});

function properties(action: string): Record<string, string> {
  return {
    ACTION: action,
    SUBSYSTEM: 'usb',
    DEVTYPE: 'usb_device',
    DEVPATH: '/devices/pci0000:00/0000:00:05.0/usb1/1-1',
    BUSNUM: '001',
    DEVNUM: '002',
    PRODUCT: '627/1/0',
    SEQNUM: '1000',
  };
}

function readWant(box: Box, fileName = '1-1@002.json'): Record<string, unknown> {
  return JSON.parse(readFileSync(join(box.run, 'wants', fileName), 'utf8')) as Record<string, unknown>;
}
