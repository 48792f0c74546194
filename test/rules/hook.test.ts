import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseEarlyEvent } from '../../src/core/early-event.js';

const event = {
  ACTION: 'add',
  DEVTYPE: 'usb_device',
  DEVPATH: '/devices/pci0000:00/0000:00:05.0/usb1/1-1',
  DEVNUM: '002',
};

test('under udev a plug starts node with --jitless and hands the arguments on, without PATH and HOME', (context) => {
  const front = installFront(context, '0::/system.slice/systemd-udevd.service/udev\n');
  assert.deepEqual(front.run(event, ['--connect', 'qemu:///system', 'my vm']), {
    exitCode: 0,
    node: `--jitless ${front.lib}/hook.cjs --connect qemu:///system my vm`,
  });
});

test('an interface and an unbind end before node starts', (context) => {
  const front = installFront(context);
  assert.deepEqual(front.run({ ...event, DEVTYPE: 'usb_interface' }, ['vm']), { exitCode: 0, node: undefined });
  assert.deepEqual(front.run({ ...event, ACTION: 'unbind' }, ['vm']), { exitCode: 0, node: undefined });
});

test('under udev the removal of a wanted device is a wake and nothing more', (context) => {
  const front = installFront(context, '0::/system.slice/systemd-udevd.service/udev\n');
  const removal = { ...event, ACTION: 'remove' };
  assert.deepEqual(front.run(removal, []), { exitCode: 0, node: undefined });
  assert.ok(!existsSync(join(front.runDirectory, 'wake')), 'nobody wants it');
  mkdirSync(join(front.runDirectory, 'wants'));
  writeFileSync(join(front.runDirectory, 'wants/1-1@002.json'), '{}');
  assert.deepEqual(front.run(removal, []), { exitCode: 0, node: undefined });
  assert.ok(existsSync(join(front.runDirectory, 'wake')));
});

const want =
  '{"device":"1-1","busNumber":1,"deviceNumber":2,"devpath":"/x","vendorId":"0627","productId":"0001","product":"a \\"b\\"","domain":"vm","uri":"qemu:///system","seqnum":7,"rivals":[],"released":false,"claimedAtMs":1,"verbose":false}\n';

test('the later events of a plug end before node starts, while they say what is on file', (context) => {
  const front = installFront(context, '0::/system.slice/systemd-udevd.service/udev\n');
  const later = { ...event, ACTION: 'bind' };
  mkdirSync(join(front.runDirectory, 'wants'));
  mkdirSync(join(front.runDirectory, 'state'));
  writeFileSync(join(front.runDirectory, 'wants/1-1@002.json'), want);
  const starts = (args: string[], environment: Record<string, string> = {}) =>
    front.run({ ...later, ...environment }, args).node !== undefined;

  assert.ok(!starts(['vm']));
  assert.ok(!starts([], { USB_LIBVIRT_DOMAIN: 'vm' }));
  assert.ok(starts(['vm'], { ACTION: 'add' }), 'an add is always read whole');
  assert.ok(starts(['other']), 'another domain');
  assert.ok(starts(['*']), 'a name is no pattern');
  assert.ok(starts(['--connect', 'qemu:///session', 'vm']), 'another hypervisor');
  assert.ok(starts(['vm'], { LIBVIRT_DEFAULT_URI: 'qemu:///session' }), 'another hypervisor by the environment');
  assert.ok(starts(['vm'], { DEVNUM: '003' }), 'another device');

  const record = join(front.runDirectory, 'state/1-1@002.json');
  writeFileSync(record, '{"device":"1-1","standing":{"kind":"waiting","reason":"not-configured"}}\n');
  assert.ok(starts(['vm']), 'a device that waits may have become ready');
  writeFileSync(record, '{"device":"1-1","standing":{"kind":"attached","domain":"vm"}}\n');
  assert.ok(!starts(['vm']));
  for (const odd of [
    want.replace('"rivals":[]', '"rivals":["other"]'),
    want.replace('"released":false', '"released":true'),
    '{"half',
    '',
  ]) {
    writeFileSync(join(front.runDirectory, 'wants/1-1@002.json'), odd);
    assert.ok(starts(['vm']), odd);
  }
});

test('on a host with the old control groups udev is known too', (context) => {
  const front = installFront(context, '9:name=systemd:/system.slice/systemd-udevd.service\n8:pids:/\n0::/\n');
  assert.equal(front.run({ ...event, ACTION: 'remove' }, []).node, undefined);
});

test("a person's removal, and one on a host without systemd, is node's business", (context) => {
  for (const cgroup of ['0::/user.slice/user-0.slice\n', '0::/\n', '']) {
    const front = installFront(context, cgroup);
    assert.match(front.run({ ...event, ACTION: 'remove' }, []).node ?? '', /hook\.cjs$/);
  }
});

test('without an event, as with --help, node answers', (context) => {
  const front = installFront(context);
  assert.match(front.run({}, ['--help']).node ?? '', /hook\.cjs --help$/);
});

test('a person gets node as it is, without its warning about --jitless', (context) => {
  const front = installFront(context);
  assert.equal(front.run(event, ['vm']).node, `${front.lib}/hook.cjs vm`);
});

test('a node that is missing is a failure', (context) => {
  const front = installFront(context);
  rmSync(front.node);
  assert.equal(front.run(event, ['vm']).exitCode, 1);
});

test('before the first worker of a boot, events are put aside in their order, and a wake is left', (context) => {
  const front = installFront(context, '0::/system.slice/systemd-udevd.service/udev\n');
  rmSync(front.node);
  for (const isThere of [true, false]) {
    rmSync(front.runDirectory, { recursive: true });
    if (isThere) mkdirSync(front.runDirectory);
    const event2 = { ...event, SUBSYSTEM: 'usb', BUSNUM: '001', PRODUCT: '627/1/0', SEQNUM: '7' };
    const properties = { ID_MODEL_ENC: 'a\\x20=b', USB_LIBVIRT_DOMAIN: 'other', LIBVIRT_DEFAULT_URI: 'qemu:///x' };
    assert.deepEqual(front.run(event2, ['--connect', 'qemu:///y', "my 'vm'"]), { exitCode: 0, node: undefined });
    assert.deepEqual(front.run({ ...event2, ...properties }, []), { exitCode: 0, node: undefined });
    const early = join(front.runDirectory, 'early');
    assert.deepEqual(readdirSync(early).sort(), ['7.0', '7.1']);
    const [first, second] = ['7.0', '7.1'].map((name) => parseEarlyEvent(readFileSync(join(early, name), 'utf8')));
    assert.deepEqual(first, { environment: event2, args: ['--connect', 'qemu:///y', "my 'vm'"] });
    assert.deepEqual(second, { environment: { ...event2, ...properties }, args: [] });
    assert.ok(existsSync(join(front.runDirectory, 'wake')));
  }
});

test('a person is not put off, and what cannot be put aside goes to node', (context) => {
  const person = installFront(context);
  rmSync(join(person.runDirectory, 'lock'));
  assert.match(person.run(event, ['vm']).node ?? '', /hook\.cjs vm$/);

  const front = installFront(context, '0::/system.slice/systemd-udevd.service/udev\n');
  rmSync(front.runDirectory, { recursive: true });
  writeFileSync(front.runDirectory, 'a file where the directory should be');
  assert.match(front.run(event, ['vm']).node ?? '', /hook\.cjs vm$/);
});

/** rules/hook as install.sh writes it, with a node that notes down how it was started. */
function installFront(context: TestContext, cgroup = '0::/user.slice\n') {
  const directory = mkdtempSync(join(tmpdir(), 'usb-hotplug-front-'));
  context.after(() => {
    rmSync(directory, { recursive: true });
  });
  const node = join(directory, 'node');
  const lib = join(directory, 'lib');
  const seen = join(directory, 'seen');
  writeFileSync(node, `#!/bin/sh\necho "$*" >${seen}\n`);
  chmodSync(node, 0o755);
  const front = join(directory, 'hook');
  writeFileSync(front, readFileSync('rules/hook', 'utf8').replaceAll('@NODE@', node).replaceAll('@LIB@', lib));
  chmodSync(front, 0o755);
  const runDirectory = join(directory, 'run');
  mkdirSync(runDirectory);
  // A worker has run since the host was booted.
  writeFileSync(join(runDirectory, 'lock'), '');
  writeFileSync(join(directory, 'cgroup'), cgroup);
  return {
    node,
    lib,
    runDirectory,
    run(environment: Record<string, string>, args: string[]) {
      rmSync(seen, { force: true });
      const { status } = spawnSync(front, args, {
        env: { ...environment, USB_LIBVIRT_RUN_DIRECTORY: runDirectory, USB_LIBVIRT_CGROUP: join(directory, 'cgroup') },
      });
      return { exitCode: status, node: existsSync(seen) ? readFileSync(seen, 'utf8').trimEnd() : undefined };
    },
  };
}
