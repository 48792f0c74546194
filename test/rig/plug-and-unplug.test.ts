import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ruleFor } from './host.js';
import { newestRelease, oldestNode, type Host } from './hosts.js';
import { assertWellInstalled, logLines, startInstalled, writeRules } from './product.js';
import { whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

for (const host of oldestNode()) {
  describe(`plug and unplug by a rule that runs the hook, on ${host.name}`, { skip }, () => {
    test("a rule in the old script's form, with only the path changed: plug, unplug, replug, unplug", async (context) => {
      const rig = await startWellInstalled(host);
      context.after(() => rig.stop());
      await writeRules(rig, '90-vm.rules', ruleFor('1-1', 'testvm-01'));
      const cursor = await rig.journalCursor();
      const before = await rig.liveXml('testvm-01');

      for (const round of [1, 2]) {
        await rig.plug({ id: `keyboard${round}`, driver: 'usb-kbd', port: '1', serial: 'KBD01' });
        const usb = await rig.until('QEMU shows the keyboard', () => usbOf(rig, /ID: ua-usbhp-1-1-\d+/));
        assert.match(usb, /Product QEMU USB Keyboard/);
        await linesInLog(rig, cursor, 2 * round - 1);
        await rig.unplug(`keyboard${round}`);
        await rig.until('the live XML is as before', async () => (await rig.liveXml('testvm-01')) === before);
      }

      const lines = await linesInLog(rig, cursor, 4);
      const device = String.raw`0627:0001 "QEMU USB Keyboard" on port 1-1 \(bus 001 device 00\d\)`;
      for (const [index, line] of lines.entries()) {
        const [result, ending] =
          index % 2 === 0
            ? ['attached', String.raw`to testvm-01 in \d+ ms$`]
            : ['detached', String.raw`from testvm-01 in \d+ ms: it was unplugged$`];
        assert.match(line, new RegExp(`^${result} ${device} ${ending}`));
      }
      assert.equal(lines.length, 4, lines.join('\n'));
      await nothingIsLeft(rig, cursor);
    });
  });
}

for (const host of newestRelease()) {
  describe(`plug and unplug by a rule that names the domain, on ${host.name}`, { skip }, () => {
    test('USB_LIBVIRT_DOMAIN in a rule that matches the serial number: plug, unplug, replug, unplug', async (context) => {
      const rig = await startWellInstalled(host);
      context.after(() => rig.stop());
      await writeRules(
        rig,
        '80-vm-usb.rules',
        'ACTION=="add", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{serial}=="MOUSE01", ENV{USB_LIBVIRT_DOMAIN}="testvm-01"',
      );
      const cursor = await rig.journalCursor();
      const before = await rig.liveXml('testvm-01');
      await rig.plug({ id: 'other', driver: 'usb-mouse', port: '2', serial: 'MOUSE02' });

      for (const round of [1, 2]) {
        await rig.plug({ id: `mouse${round}`, driver: 'usb-mouse', port: '1', serial: 'MOUSE01' });
        const usb = await rig.until('QEMU shows the mouse', () => usbOf(rig, /ID: ua-usbhp-1-1-\d+/));
        assert.equal(usb.match(/ID: /g)?.length, 1);
        // Set at add alone, it is still in udev's database after bind.
        await rig.mustRun(
          'udevadm settle && udevadm info --query=property /sys/bus/usb/devices/1-1 | grep -x USB_LIBVIRT_DOMAIN=testvm-01',
        );
        await rig.unplug(`mouse${round}`);
        await rig.until('the live XML is as before', async () => (await rig.liveXml('testvm-01')) === before);
      }
      await nothingIsLeft(rig, cursor);
    });
  });
}

async function startWellInstalled(host: Host): Promise<Rig> {
  await assertWellInstalled(host);
  return startInstalled({ host });
}

async function usbOf(rig: Rig, pattern: RegExp): Promise<string | false> {
  const usb = await rig.infoUsb('testvm-01');
  return pattern.test(usb) && usb;
}

async function linesInLog(rig: Rig, cursor: string, count: number): Promise<string[]> {
  return rig.until(`${count} lines in the log`, async () => {
    const lines = await logLines(rig, cursor);
    if (lines.length < count) throw new Error(lines.join('\n'));
    return lines;
  });
}

async function nothingIsLeft(rig: Rig, cursor: string): Promise<void> {
  await rig.until('no want is left', async () => (await rig.mustRun('ls /run/usb-libvirt-hotplug/wants')) === '');
  assert.equal(await rig.mustRun('ls /run/usb-libvirt-hotplug/state'), '');
  const warnings = await rig.journal({ identifier: 'systemd-udevd', priority: 'warning', sinceCursor: cursor });
  assert.deepEqual(
    warnings.map(({ message }) => message),
    [],
  );
}
