// Domains come and go under a device that stays where it is.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holds, idle, marksIn, ruleFor, told } from './host.js';
import { logLines, startInstalled, writeRules } from './product.js';
import { oneHost } from './hosts.js';
import { whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

for (const host of oneHost()) {
  describe(`domains that come and go on ${host.name}`, { skip }, () => {
    let rig: Rig;

    before(async () => {
      rig = await startInstalled({ host });
      await writeRules(rig, '90-vm.rules', ruleFor('1-1', 'testvm-01'));
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      await holds(rig, 'testvm-01', '1-1');
    });

    after(async () => {
      await rig.stop();
    });

    test('a reset, also one from inside, changes nothing', async () => {
      await idle(rig);
      const cursor = await rig.journalCursor();
      const before = await rig.liveXml('testvm-01');
      await rig.mustRun('virsh reset testvm-01');
      // What a guest's own reboot comes to: the machine is reset, and QEMU runs on.
      await rig.mustRun('virsh qemu-monitor-command testvm-01 --hmp system_reset');
      await rig.mustRun('sleep 2; udevadm settle');
      await idle(rig);
      await holds(rig, 'testvm-01', '1-1');
      assert.equal(await rig.liveXml('testvm-01'), before);
      assert.match(await rig.infoUsb('testvm-01'), /QEMU USB Keyboard/);
      assert.deepEqual(await logLines(rig, cursor), []);
    });

    test('a domain that crashes leaves its device waiting, and has it again when it is started', async () => {
      const cursor = await rig.journalCursor();
      await rig.mustRun('kill -KILL "$(cat /run/libvirt/qemu/testvm-01.pid)"');
      await told(rig, /^waiting .* for testvm-01 .* the domain is not running/, cursor);
      await rig.mustRun('virsh start testvm-01', { timeoutMs: 180_000 });
      await holds(rig, 'testvm-01', '1-1');
    });

    test('a domain that is undefined while it runs keeps its device, and leaves it waiting when it ends', async () => {
      await rig.mustRun('virsh dumpxml --inactive testvm-01 >/run/testvm-01.xml && virsh undefine testvm-01');
      await holds(rig, 'testvm-01', '1-1');
      const cursor = await rig.journalCursor();
      await rig.mustRun('virsh destroy testvm-01');
      await told(rig, /^waiting .* for testvm-01 .* no domain is named so/, cursor);
      await rig.mustRun('virsh define /run/testvm-01.xml && virsh start testvm-01', { timeoutMs: 180_000 });
      await holds(rig, 'testvm-01', '1-1');
    });

    test('a device that is plugged in while its domain is being stopped waits for the next start', async () => {
      await rig.unplug('keyboard');
      await holds(rig, 'testvm-01');
      const cursor = await rig.journalCursor();
      const stopping = rig.mustRun('virsh destroy testvm-01', { timeoutMs: 180_000 });
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      await stopping;
      await told(rig, /^waiting .* for testvm-01 .* the domain is not running/, cursor);
      await rig.mustRun('virsh start testvm-01', { timeoutMs: 180_000 });
      await holds(rig, 'testvm-01', '1-1');
    });

    test('a domain that is paused is a running one', async () => {
      await rig.mustRun('virsh suspend testvm-01');
      await rig.unplug('keyboard');
      await holds(rig, 'testvm-01');
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      await holds(rig, 'testvm-01', '1-1');
      await rig.mustRun('virsh resume testvm-01');
      assert.equal((await marksIn(rig, 'testvm-01')).length, 1);
    });

    test('hostdevs that are not ours, in the definition or attached by others, stay as they are through all of it', async () => {
      await rig.plug({ id: 'theirs', driver: 'usb-tablet', port: '3', serial: 'TAB01' });
      const number = await rig.until('the tablet', async () =>
        (await rig.mustRun('cat /sys/bus/usb/devices/1-3/devnum')).trim(),
      );
      await rig.mustRun(
        `printf "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='%s'/></source><alias name='ua-theirs'/></hostdev>" ${number} >/run/theirs.xml && virsh attach-device testvm-01 /run/theirs.xml --live`,
      );
      await rig.unplug('keyboard');
      await holds(rig, 'testvm-01');
      await rig.mustRun('usb-libvirt-hotplug sync', { timeoutMs: 180_000 });
      assert.match(await rig.infoUsb('testvm-01'), /ID: ua-theirs/);
      assert.match(await rig.liveXml('testvm-01'), /<alias name='ua-theirs'\/>/);
    });
  });
}
