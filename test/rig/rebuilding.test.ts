// The program's own memory is lost, or comes later than the devices, or the rules say otherwise by now.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { devpathOf, holds, idle, marksIn, numberAt, pull } from './host.js';
import { hookPath, installProduct, writeRules } from './product.js';
import { oneHost } from './hosts.js';
import { startRig, whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

for (const host of oneHost()) {
  describe(`what is lost and rebuilt on ${host.name}`, { skip }, () => {
    let rig: Rig;

    const byEnvironment = (serial: string, domain: string) =>
      `ACTION=="add|bind|change", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{serial}=="${serial}", ENV{USB_LIBVIRT_DOMAIN}="${domain}"`;
    const byRun = (port: string, domain: string) =>
      `ACTION=="add",SUBSYSTEM=="usb",DEVPATH=="${devpathOf(port)}",RUN+="${hookPath} ${domain}"`;

    before(async () => {
      rig = await startRig({ host });
    });

    after(async () => {
      await rig.stop();
    });

    const sync = (options = '') => rig.mustRun(`usb-libvirt-hotplug sync ${options}`, { timeoutMs: 240_000 });

    test('installed with devices in, a sync with --rescan attaches what the rules say', async () => {
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      await rig.plug({ id: 'mouse', driver: 'usb-mouse', port: '2', serial: 'MOUSE01' });
      await numberAt(rig, '1-1');
      await numberAt(rig, '1-2');
      await installProduct(rig, host);
      await writeRules(rig, '80-vm.rules', byEnvironment('KBD01', 'testvm-01'));
      await writeRules(rig, '90-vm.rules', byRun('1-2', 'testvm-01'));
      const printed = await sync('--rescan');
      await holds(rig, 'testvm-01', '1-1', '1-2');
      assert.match(printed, /^2 attached, 0 not$/m);
    });

    test('when /run was lost, a sync adopts what is attached and rebuilds what waits', async () => {
      await rig.plug({ id: 'tablet', driver: 'usb-tablet', port: '3', serial: 'TAB01' });
      await numberAt(rig, '1-3');
      await writeRules(rig, '81-vm.rules', byEnvironment('TAB01', 'testvm-02'));
      await sync('--rescan');
      await idle(rig);
      await rig.mustRun('rm -rf /run/usb-libvirt-hotplug');
      const before = await rig.liveXml('testvm-01');

      const planned = await sync('--dry-run');
      assert.match(planned, /^would adopt 0627:0001 .*on port 1-2 .* in testvm-01/m);
      assert.match(
        planned,
        /^waiting 0627:0001 "QEMU USB Tablet" on port 1-3 .* for testvm-02: the domain is not running/m,
      );
      assert.equal((await rig.run('ls -A /run/usb-libvirt-hotplug')).stdout, '');

      const printed = await sync();
      assert.match(printed, /^adopted 0627:0001 .*on port 1-2 .* in testvm-01/m);
      assert.match(printed, /^2 attached, 1 not$/m);
      assert.equal(await rig.liveXml('testvm-01'), before);
      await rig.mustRun('virsh start testvm-02', { timeoutMs: 180_000 });
      await holds(rig, 'testvm-02', '1-3');
    });

    test('a device whose rule names another domain now moves, as the dry run said', async () => {
      await writeRules(rig, '80-vm.rules', byEnvironment('KBD01', 'testvm-02'));
      await rig.mustRun('udevadm trigger --settle --subsystem-match=usb');
      await holds(rig, 'testvm-01', '1-2');
      await holds(rig, 'testvm-02', '1-1', '1-3');

      // Edited while the hook could not run: only udev's database knows of it.
      await idle(rig);
      await rig.mustRun(`mv ${host.node} ${host.node}.away`);
      await writeRules(rig, '80-vm.rules', byEnvironment('KBD01', 'testvm-01'));
      await rig.mustRun(`udevadm trigger --settle --subsystem-match=usb; mv ${host.node}.away ${host.node}`);
      const planned = await sync('--dry-run');
      assert.match(planned, /^would move 0627:0001 "QEMU USB Keyboard" on port 1-1 .* from testvm-02 to testvm-01$/m);
      await holds(rig, 'testvm-02', '1-1', '1-3');
      await sync();
      await holds(rig, 'testvm-01', '1-1', '1-2');
      await holds(rig, 'testvm-02', '1-3');
    });

    test('what was pulled out while nobody watched is detached by a sync, and its want dropped', async () => {
      await idle(rig);
      await rig.mustRun('systemctl stop usb-libvirt-hotplug.path');
      await pull(rig, 'mouse', '1-2');
      await pull(rig, 'tablet', '1-3');
      await rig.mustRun('rm /run/usb-libvirt-hotplug/wants/1-3@*.json');
      const printed = await sync();
      assert.match(printed, /^detached 0627:0001 .*on port 1-2 .* from testvm-01 in \d+ ms: it was unplugged$/m);
      assert.match(printed, /^removed the stale hostdev ua-usbhp-1-3-\d+ from testvm-02/m);
      await holds(rig, 'testvm-01', '1-1');
      assert.deepEqual(await marksIn(rig, 'testvm-02'), []);
      assert.match(await rig.mustRun('ls /run/usb-libvirt-hotplug/wants'), /^1-1@\d+\.json\n$/);
      await rig.mustRun('systemctl start usb-libvirt-hotplug.path');
    });

    test('two rules that name two domains for one device: the first has it, and the log names both', async () => {
      await writeRules(rig, '90-vm.rules', [byRun('1-2', 'testvm-02'), byRun('1-2', 'testvm-01')].join('\n'));
      const cursor = await rig.journalCursor();
      await rig.plug({ id: 'mouse', driver: 'usb-mouse', port: '2', serial: 'MOUSE01' });
      await holds(rig, 'testvm-02', '1-2');
      const lines = (await rig.journal({ identifier: 'usb-libvirt-hotplug', sinceCursor: cursor })).map(
        ({ message }) => message,
      );
      assert.ok(
        lines.some((line) =>
          /^refused .* on port 1-2 .* for testvm-01: a rule gave it to testvm-02 in the same event/.test(line),
        ),
        lines.join('\n'),
      );
      await holds(rig, 'testvm-01', '1-1');
    });
  });
}
