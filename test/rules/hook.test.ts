import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

const event = {
  ACTION: 'add',
  DEVTYPE: 'usb_device',
  DEVPATH: '/devices/pci0000:00/0000:00:05.0/usb1/1-1',
  DEVNUM: '002',
};

test('a plug starts node with --jitless and hands the arguments on, without PATH and HOME', (context) => {
  const front = installFront(context);
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
  mkdirSync(join(front.runDirectory, 'wants'), { recursive: true });
  writeFileSync(join(front.runDirectory, 'wants/1-1@002.json'), '{}');
  assert.deepEqual(front.run(removal, []), { exitCode: 0, node: undefined });
  assert.ok(existsSync(join(front.runDirectory, 'wake')));
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

test('a node that is missing is a failure', (context) => {
  const front = installFront(context);
  rmSync(front.node);
  assert.equal(front.run(event, ['vm']).exitCode, 1);
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
