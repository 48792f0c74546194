// The lines that `assign` writes, as the real udev takes them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Assignment } from '../../src/core/assignment.js';
import { formatAssignments, withAssignment, type Item } from '../../src/core/assignment-list.js';
import { parseAssignment } from '../../src/core/assignment-rule.js';
import { holds, idle, numberAt, pull } from './host.js';
import { oneHost } from './hosts.js';
import { logLines, startInstalled } from './product.js';
import { whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

for (const host of oneHost()) {
  describe(`assignments on ${host.name}`, { skip }, () => {
    let rig: Rig;

    before(async () => {
      rig = await startInstalled({ host });
    });

    after(async () => {
      await rig.stop();
    });

    const file = '/etc/udev/rules.d/80-usb-libvirt-hotplug.rules';
    const command = (words: string) => rig.run(`usb-libvirt-hotplug ${words}`, { timeoutMs: 240_000 });

    /** What udev's rules last said. */
    const ownerAt = async (port: string) =>
      /^USB_LIBVIRT_DOMAIN=(.*)$/m.exec(
        await rig.mustRun(`udevadm info --query=property /sys/bus/usb/devices/${port}`),
      )?.[1];

    test('a port that was assigned while it was empty gives what is plugged in next, at either speed', async () => {
      const { exitCode, stdout, stderr } = await command('assign 1-5 testvm-01');
      assert.equal(exitCode, 0, stderr);
      assert.match(
        stdout,
        /^assigned to testvm-01: whatever is in port 5 \(USB 2\) or port 5 \(USB 3\) of controller 0000:00:05\.0\nnothing of that/,
      );
      await rig.plug({ id: 'disk', driver: 'usb-storage', port: '5', serial: 'DISK01' });
      await holds(rig, 'testvm-01', '2-5');
      await pull(rig, 'disk', '2-5');
      await holds(rig, 'testvm-01');
      await rig.plug({ id: 'mouse', driver: 'usb-mouse', port: '5', serial: 'MOUSE01' });
      await holds(rig, 'testvm-01', '1-5');
      assert.equal(await ownerAt('1-5'), 'testvm-01');
    });

    test('an assignment that is taken back takes the device along, and udev forgets it', async () => {
      const { exitCode, stdout, stderr } = await command('unassign 2-5');
      assert.equal(exitCode, 0, stdout + stderr);
      assert.match(stdout, /^released 0627:0001 "QEMU USB Mouse" on port 1-5 .* from testvm-01 in \d+ ms/m);
      await holds(rig, 'testvm-01');
      assert.equal(await ownerAt('1-5'), undefined);
      await pull(rig, 'mouse', '1-5');
    });

    test('everything behind a hub is given, and the hub is left alone', async () => {
      const cursor = await rig.journalCursor();
      assert.equal((await command("assign '1-4/…' testvm-01")).exitCode, 0);
      await rig.plug({ id: 'hub', driver: 'usb-hub', port: '4' });
      await numberAt(rig, '1-4');
      await rig.plug({ id: 'behind', driver: 'usb-kbd', port: '4.1', serial: 'KBD41' });
      await holds(rig, 'testvm-01', '1-4.1');
      assert.equal(await ownerAt('1-4'), undefined);
      assert.deepEqual(
        (await logLines(rig, cursor)).filter((line) => line.startsWith('refused')),
        [],
      );
      await pull(rig, 'hub', '1-4');
      await holds(rig, 'testvm-01');
    });

    test('of several assignments the most exact holds, in whatever order they were made', async () => {
      await rig.plug({ id: 'kbd', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      await numberAt(rig, '1-1');
      const made: Assignment[] = [];
      for (const words of [
        '--controller 0000:00:05.0 controller',
        '0627:0001 id',
        '1-1 port',
        '1-1 port+id --by port+id',
      ]) {
        const { stdout, stderr } = await command(`assign ${words} --dry-run`);
        const assignment = parseAssignment(stdout.trimEnd().split('\n'));
        assert.ok(assignment !== undefined, stdout + stderr);
        made.push(assignment);
      }

      for (const some of subsetsOf(made)) {
        const texts = new Set(
          ordersOf(some).map((order) => formatAssignments(order.reduce<Item[]>(withAssignment, []))),
        );
        assert.equal(texts.size, 1, 'the order of making shows');
        const [text = ''] = texts;
        await rig.mustRun(`cat >${file} <<'END'\n${text}\nEND
          udevadm control --reload && udevadm trigger --settle --action=add /sys/bus/usb/devices/1-1`);
        assert.equal(await ownerAt('1-1'), some.at(-1)?.domain, text);
      }
      const listed = await rig.mustRun('usb-libvirt-hotplug assignments');
      assert.match(listed, /^1 +controller +1-1 .*\n2 +id +1-1 .*\n3 +port +1-1 .*\n4 +port\+id +1-1 /m);
      assert.equal((await command('unassign 1 2 3 4')).exitCode, 0);
      assert.equal(await ownerAt('1-1'), undefined);
      await pull(rig, 'kbd', '1-1');
    });

    test('a serial number and a domain of odd characters mean just themselves', async () => {
      const domain = `50% \\$HOME \\"x\\" it's|*?[a]`;
      const named = `50% $HOME "x" it's|*?[a]`;
      await rig.plug({ id: 'odd', driver: 'usb-tablet', port: '2', serial: 'S*"[1]?%' });
      await rig.plug({ id: 'other', driver: 'usb-tablet', port: '3', serial: 'SSS"1%%' });
      await numberAt(rig, '1-2');
      await numberAt(rig, '1-3');
      const { exitCode, stderr } = await command(`assign 1-2 "${domain}" --by serial`);
      assert.equal(exitCode, 4, stderr);
      assert.equal(await ownerAt('1-2'), named);
      assert.equal(await ownerAt('1-3'), undefined);
      // As at the next plug.
      await rig.mustRun('udevadm trigger --settle --action=add --subsystem-match=usb');
      assert.equal(await ownerAt('1-2'), named);
      assert.equal(await ownerAt('1-3'), undefined);
      await idle(rig);
    });
  });
}

/** All but the empty one; the whole comes last. */
function subsetsOf<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length - 1 }, (_, index) =>
    all.filter((_one, position) => ((index + 1) >> position) % 2 === 1),
  );
}

function ordersOf<T>(all: readonly T[]): T[][] {
  if (all.length <= 1) return [[...all]];
  return all.flatMap((first, index) =>
    ordersOf(all.filter((_, other) => other !== index)).map((rest) => [first, ...rest]),
  );
}
