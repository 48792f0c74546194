// The lines that `assign` writes, as the real udev takes them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
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

    // All orders of all kinds are tried in test/core/assignment.test.ts; each assignment takes some ten seconds here.
    test('of several assignments the most exact holds, in whatever order they were made', async () => {
      await rig.plug({ id: 'kbd', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      await numberAt(rig, '1-1');
      const ways = {
        controller: '--controller 0000:00:05.0 controller',
        id: '0627:0001 id',
        port: '1-1 port',
        exact: '1-1 port+id --by port+id',
      };
      const made = async (...names: (keyof typeof ways)[]) => {
        await rig.mustRun(`rm -f ${file}`);
        for (const name of names) {
          // No domain is named so: 4, it waits; or 0, when another has it.
          const { exitCode, stderr } = await command(`assign ${ways[name]}`);
          assert.ok(exitCode === 4 || exitCode === 0, stderr);
        }
        return ownerAt('1-1');
      };
      for (const [order, owner] of [
        [['controller', 'id'], 'id'],
        [['id', 'controller'], 'id'],
        [['port', 'id'], 'port'],
        [['id', 'port'], 'port'],
        [['exact', 'port', 'id', 'controller'], 'port+id'],
      ] as const) {
        assert.equal(await made(...order), owner, order.join());
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
