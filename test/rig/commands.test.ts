// What a person types, on a real host.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holds, idle, marksIn, numberAt, pull } from './host.js';
import { oneHost } from './hosts.js';
import { startInstalled, writeRules } from './product.js';
import { whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

for (const host of oneHost()) {
  describe(`commands on ${host.name}`, { skip }, () => {
    let rig: Rig;

    before(async () => {
      rig = await startInstalled({ host });
      await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
      await rig.plug({ id: 'hub', driver: 'usb-hub', port: '4' });
      await rig.plug({ id: 'mouse', driver: 'usb-mouse', port: '4.1', serial: 'MOUSE01' });
      await rig.plug({ id: 'disk', driver: 'usb-storage', port: '5', serial: 'DISK01' });
      for (const port of ['1-1', '1-4.1', '2-5']) await numberAt(rig, port);
      await rig.mustRun('udevadm settle', { timeoutMs: 180_000 });
    });

    after(() => rig.stop());

    const ours = (words: string) => rig.run(`usb-libvirt-hotplug ${words}`, { timeoutMs: 240_000 });

    async function says(words: string, expected: RegExp, exitCode = 0): Promise<void> {
      const ended = await ours(words);
      assert.equal(ended.exitCode, exitCode, `${words}: ${ended.stdout}${ended.stderr}`);
      assert.match(ended.stdout + ended.stderr, expected);
    }

    test('the list tells what is plugged in as udev names it, and the tree where', async (context) => {
      const { stdout } = await ours('list');
      assert.match(stdout, /^1-1 +0627:0001 +\d+M +QEMU USB Keyboard \[KBD01\] +- +free$/m);
      assert.match(stdout, /^2-5 +46f4:0001 +5G +QEMU USB HARDDRIVE \[DISK01\] +- +free$/m);
      assert.doesNotMatch(stdout, /Hub|usb1/);
      const tree = (await ours('list --tree')).stdout;
      assert.match(tree, /^usb1 .* 0000:00:05\.0 .*\n├─ 1-1 .*\n└─ 1-4 .* QEMU USB Hub.*\n {3}└─ 1-4\.1 .*\nusb2 /m);
      context.diagnostic(stdout + tree);
    });

    test('a device is given by its serial number, seen in QEMU, explained, and taken back', async (context) => {
      await says('attach testvm-01 serial:KBD01 --dry-run', /^would attach 0627:0001 .* to testvm-01\n<hostdev /);
      await says('attach testvm-01 serial:KBD01', /^attached 0627:0001 "QEMU USB Keyboard" on port 1-1 .* in \d+ ms$/m);
      await holds(rig, 'testvm-01', '1-1');
      await says('list 1-1', /^1-1 .* testvm-01 +attached$/m);
      const status = (await ours('status')).stdout;
      assert.match(status, /^testvm-01\n {2}1-1 .* attached\n {2}controller 0: qemu-xhci, \d+ of \d+ ports free$/m);
      const explained = (await ours('explain 1-1')).stdout;
      assert.match(explained, /^state: attached\nwant: testvm-01 at qemu:\/\/\/system: a person gave it$/m);
      assert.match(explained, /^ {2}ID_SERIAL_SHORT=KBD01$/m);
      context.diagnostic(status);
      await says('detach 1-1', /^released 0627:0001 .* from testvm-01 in \d+ ms: taken back by hand/);
      assert.deepEqual(await marksIn(rig, 'testvm-01'), []);
    });

    test('a domain that is off is waited for, and another one takes the device over', async () => {
      await says('attach testvm-02 2-5', /^waiting 46f4:0001 .* for testvm-02 .*: the domain is not running/, 4);
      await says('attach testvm-01 2-5 --no-auto-detach', /belongs to testvm-02; without --no-auto-detach/, 1);
      await says('attach testvm-01 2-5', /^attached 46f4:0001 .* to testvm-01/);
      await says('attach testvm-01 1-4/…', /^attached 0627:0001 "QEMU USB Mouse" on port 1-4\.1 /);
      await says('attach testvm-01 0627:0001', /0627:0001 names 2 devices; name one by its port:\n {2}1-1 /, 3);
      await idle(rig);
      await holds(rig, 'testvm-01', '1-4.1', '2-5');
    });

    test('a manifest of EVE becomes lines that the real udev goes by', async () => {
      await rig.mustRun(`cat >/root/model.json <<'END'
{"ioMemberList":[{"phylabel":"board","assigngrp":"desk","phyaddrs":{"usbaddr":"1:1","usbproduct":"0627:0001"}},
{"phylabel":"eth0","assigngrp":"desk","phyaddrs":{"Ifname":"eth0"}}]}
END`);
      await says(
        'import eve /root/model.json --group desk=testvm-01',
        /^1 assigned, 1 left out$[^]*^eth0 is left out: /m,
      );
      await holds(rig, 'testvm-01', '1-1', '1-4.1', '2-5');
      await says(
        'explain 1-1',
        /^rules of ours that mean it, .*:\n {2}\S+\.rules:\d+: To testvm-01: 0627:0001 in port 1 /m,
      );
      await says('log 1-1', /attached 0627:0001 "QEMU USB Keyboard" on port 1-1 /);
    });

    test('doctor finds a host in order, and what a person did wrong in a rule', async () => {
      const { stdout, exitCode } = await ours('doctor');
      assert.equal(exitCode, 0, stdout);
      for (const line of [
        /^ok +node in udev's sandbox: usb-libvirt-hotplug .* run by systemd-run with MemoryDenyWriteExecute$/m,
        /^ok +rules: \/\S+\/zz-usb-libvirt-hotplug\.rules$/m,
        /^ok +units: usb-libvirt-hotplug\.path, .* are enabled$/m,
        /^ok +path unit: usb-libvirt-hotplug\.path is active/m,
        /^ok +virsh: it reaches qemu:\/\/\/system; domains: 2$/m,
        /^ok +libvirt's hook: \/etc\/libvirt\/hooks\/qemu\.d\/usb-libvirt-hotplug; .* after it came$/m,
        /^(ok|warning) +controllers: testvm-01: controller 0: qemu-xhci, /m,
      ]) {
        assert.match(stdout, line);
      }
      await writeRules(
        rig,
        '85-vm.rules',
        'ACTION=="add", SUBSYSTEM=="usb", RUN+="/usr/local/lib/usb-libvirt-hotplug/hook $attr{serial}"',
      );
      await says('doctor', /^warning +your rules: \/etc\/udev\/rules\.d\/85-vm\.rules:1: udev splits a RUN line /m);
      await rig.mustRun('rm /etc/udev/rules.d/85-vm.rules');
    });

    test('what was pulled out while nobody watched is shown by cleanup, and removed after a yes', async () => {
      await rig.mustRun('systemctl stop usb-libvirt-hotplug.path usb-libvirt-hotplug.service');
      await pull(rig, 'keyboard', '1-1');
      await says('status testvm-01', /^ {2}1-1 +bus 1 device \d+ +stale: it is not plugged in any more/m);
      await says('cleanup testvm-01', /^testvm-01 holds a hostdev whose device .*\n {2}ua-usbhp-1-1-\d+ /m);
      await says('cleanup testvm-01 --yes', /^removed the stale hostdev ua-usbhp-1-1-\d+ from testvm-01/m);
      await holds(rig, 'testvm-01', '1-4.1', '2-5');
      await rig.mustRun('systemctl start usb-libvirt-hotplug.path');
    });
  });
}
