// One installed host, lived on for a while: each test goes on where the one before it ended.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holds, idle, marksIn, numberAt, pull, ruleFor } from './host.js';
import { oneHost } from './hosts.js';
import { hookPath, logLines, service, startInstalled, writeRules } from './product.js';
import { whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

for (const host of oneHost()) {
  describe(`an installed host, lived on for a while, on ${host.name}`, { skip }, () => {
    let rig: Rig;

    before(async () => {
      rig = await startInstalled({ host });
    });

    after(async () => {
      await rig.stop();
    });

    test('by hand, as in the old README, a device is given and taken back, and a rule without an ACTION match does not undo it', async () => {
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      const number = await numberAt(rig, '1-1');
      const variables = `SUBSYSTEM=usb DEVTYPE=usb_device BUSNUM=001 DEVNUM=${number.padStart(3, '0')}`;

      const given = await rig.mustRun(`ACTION=add ${variables} ${hookPath} testvm-01`, { timeoutMs: 90_000 });
      assert.match(given, /^attached 0627:0001 "QEMU USB Keyboard" on port 1-1 .* to testvm-01 in \d+ ms\n$/);
      assert.match(await rig.infoUsb('testvm-01'), /ID: ua-usbhp-1-1-/);

      await writeRules(rig, '90-vm.rules', ruleFor('1-1', 'testvm-01'));
      const taken = await rig.mustRun(`ACTION=remove ${variables} ${hookPath} testvm-01`, { timeoutMs: 90_000 });
      assert.match(taken, /^released 0627:0001 "QEMU USB Keyboard" on port 1-1 .* from testvm-01 in \d+ ms/);
      await rig.mustRun('udevadm settle');
      await idle(rig);
      assert.deepEqual(await marksIn(rig, 'testvm-01'), []);

      await pull(rig, 'keyboard', '1-1');
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      await holds(rig, 'testvm-01', '1-1');
      await pull(rig, 'keyboard', '1-1');
      await holds(rig, 'testvm-01');
    });

    test('a worker that is killed right after its start, again and again, loses nothing and ends in no loop', async () => {
      await idle(rig);
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      for (let kills = 0; kills < 5; kills += 1) {
        await rig.mustRun(`touch /run/usb-libvirt-hotplug/wake`);
        await rig.until(
          'a worker to kill',
          async () =>
            (await rig.run(`systemctl kill --signal=KILL ${service} && systemctl is-active ${service}`)).exitCode !== 0,
        );
      }
      await holds(rig, 'testvm-01', '1-1');
      await idle(rig);
      assert.equal((await rig.mustRun('systemctl is-active usb-libvirt-hotplug.path')).trim(), 'active');
      const cursor = await rig.journalCursor();
      await new Promise((resolve) => setTimeout(resolve, 5000));
      const starts = (await rig.journal({ sinceCursor: cursor })).filter(({ message }) =>
        message.startsWith('Started usb-libvirt-hotplug'),
      );
      assert.deepEqual(starts, []);
      await pull(rig, 'keyboard', '1-1');
      await holds(rig, 'testvm-01');
    });

    test('a worker that cannot even start is tried at leisure, and the device comes when it can', async () => {
      await idle(rig);
      const lib = '/usr/local/lib/usb-libvirt-hotplug';
      await rig.mustRun(`mv ${lib}/service.cjs ${lib}/service.away`);
      const cursor = await rig.journalCursor();
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      const countStarts = async () =>
        (await rig.journal({ sinceCursor: cursor })).filter(({ message }) =>
          message.startsWith('Started usb-libvirt-hotplug.service'),
        ).length;
      await rig.until('it was tried', async () => (await countStarts()) >= 2);
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      assert.ok((await countStarts()) < 12, 'an endless loop');
      await rig.mustRun(`mv ${lib}/service.away ${lib}/service.cjs`);
      await holds(rig, 'testvm-01', '1-1');
      await pull(rig, 'keyboard', '1-1');
      await holds(rig, 'testvm-01');
    });

    test('a node that is missing is one line in syslog for each event that wanted it', async () => {
      await idle(rig);
      const cursor = await rig.journalCursor();
      await rig.mustRun(`mv ${host.node} ${host.node}.away`);
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      const [line] = await rig.until('the line', async () => {
        const lines = await logLines(rig, cursor);
        return lines.length > 0 && lines;
      });
      assert.match(
        line ?? '',
        /^\/usr\/bin\/node\w* is missing: nothing was done for add of \/devices\/.*\/1-1; install Node/,
      );
      await rig.mustRun(`udevadm settle && mv ${host.node}.away ${host.node}`);
      await pull(rig, 'keyboard', '1-1');
    });

    test('a hook that was not there yet, as on a file system that is mounted late, is made up for when it is', async () => {
      await rig.mustRun(`mv ${hookPath} ${hookPath}.away`);
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      await numberAt(rig, '1-1');
      await rig.mustRun('udevadm settle && test -d /run/usb-libvirt-hotplug/missed');
      await rig.mustRun(`mv ${hookPath}.away ${hookPath}`);
      // As systemd does at boot, when what the program lies on is mounted.
      await rig.mustRun('systemctl start usb-libvirt-hotplug-missed.service');
      await holds(rig, 'testvm-01', '1-1');
      await rig.mustRun('test ! -e /run/usb-libvirt-hotplug/missed');
      await pull(rig, 'keyboard', '1-1');
      await holds(rig, 'testvm-01');
    });

    test('two identical mice behind a hub and one beside it: the right one goes, and the hub takes its own with it', async () => {
      await writeRules(
        rig,
        '90-vm.rules',
        `SUBSYSTEM=="usb",DEVPATH=="/devices/pci0000:00/0000:00:05.0/usb1/1-[24]*",RUN+="${hookPath} testvm-01"`,
      );
      await rig.plug({ id: 'hub', driver: 'usb-hub', port: '4' });
      await rig.plug({ id: 'behind1', driver: 'usb-mouse', port: '4.1' });
      await rig.plug({ id: 'behind2', driver: 'usb-mouse', port: '4.2' });
      await rig.plug({ id: 'beside', driver: 'usb-mouse', port: '2' });
      await holds(rig, 'testvm-01', '1-4.1', '1-4.2', '1-2');
      const log = await logLines(rig);
      assert.ok(
        log.some((line) => /^refused 0409:55aa "QEMU USB Hub" on port 1-4 .*: it is a hub/.test(line)),
        log.join('\n'),
      );

      await pull(rig, 'behind2', '1-4.2');
      await holds(rig, 'testvm-01', '1-4.1', '1-2');
      await pull(rig, 'hub', '1-4');
      await holds(rig, 'testvm-01', '1-2');
    });

    test('a replug faster than anybody can follow ends with the new number attached, once', async () => {
      for (let round = 0; round < 3; round += 1) {
        await pull(rig, 'beside', '1-2');
        await rig.plug({ id: 'beside', driver: 'usb-mouse', port: '2' });
      }
      await holds(rig, 'testvm-01', '1-2');
    });

    test('a domain named 4 gets its device though another domain has the id 4', async () => {
      await rig.mustRun(
        `virsh dumpxml --inactive testvm-02 | sed -e '/<uuid>/d' -e 's,<name>.*,<name>4</name>,' >/run/4.xml && virsh define /run/4.xml && virsh start --domain 4`,
      );
      await rig.mustRun(
        'for round in 1 2 3 4 5 6; do [ "$(virsh domid testvm-02 2>/dev/null)" = 4 ] && break; virsh destroy testvm-02 >/dev/null 2>&1; virsh start testvm-02 >/dev/null; done',
        { timeoutMs: 180_000 },
      );
      await writeRules(rig, '91-vm.rules', ruleFor('1-1', '4'));
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      const uuid = (await rig.mustRun('virsh list --uuid --name | awk \'$2 == "4" { print $1 }\'')).trim();
      await holds(rig, uuid, '1-1');
      assert.deepEqual(await marksIn(rig, 'testvm-02'), []);
    });

    test('an upgrade ends the old worker, and an uninstall takes everything back and names the rules that still call', async () => {
      const again = await rig.mustRun('cd /root/usb-libvirt-hotplug && ./install.sh 2>&1', { timeoutMs: 180_000 });
      assert.doesNotMatch(again, /^(FAILED|new:)/m);
      assert.equal((await marksIn(rig, 'testvm-01')).length, 1);
      const gone = await rig.mustRun('cd /root/usb-libvirt-hotplug && ./install.sh --uninstall 2>&1', {
        timeoutMs: 180_000,
      });
      assert.match(gone, /\/etc\/udev\/rules\.d\/90-vm\.rules:1/);
      assert.deepEqual(await marksIn(rig, 'testvm-01'), []);
      assert.equal(
        (
          await rig.run(
            'ls -d /run/usb-libvirt-hotplug /usr/local/lib/usb-libvirt-hotplug /usr/lib/udev/rules.d/zz-usb-libvirt-hotplug.rules',
          )
        ).stdout,
        '',
      );
      assert.equal((await rig.run('systemctl cat usb-libvirt-hotplug.service')).exitCode, 1);
    });
  });
}
