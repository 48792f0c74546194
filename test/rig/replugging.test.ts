// Devices come back as something else, come too often, come all at once, or leave all at once.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holds, idle, marksIn, pull, told } from './host.js';
import { installProduct, logLines, service, writeRules } from './product.js';
import { oneHost } from './hosts.js';
import { startRig, whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

for (const host of oneHost()) {
  describe(`devices that come back on ${host.name}`, { skip }, () => {
    let rig: Rig;

    before(async () => {
      rig = await startRig({ host });
      await installProduct(rig);
    });

    after(async () => {
      await rig.stop();
    });

    const ofVendor = (vendor: string, domain: string) =>
      `ACTION=="add|bind|change", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="${vendor}", ENV{USB_LIBVIRT_DOMAIN}="${domain}"`;

    test('a device that comes back as another one at the same port goes where its rule says', async () => {
      await rig.mustRun('virsh start testvm-02', { timeoutMs: 180_000 });
      await writeRules(rig, '80-vm.rules', [ofVendor('0627', 'testvm-01'), ofVendor('0403', 'testvm-02')].join('\n'));
      for (let round = 0; round < 2; round += 1) {
        await rig.plug({ id: 'plain', driver: 'usb-tablet', port: '1', serial: 'TAB01' });
        await holds(rig, 'testvm-01', '1-1');
        // As a firmware update does: gone, and back within moments with other ids.
        await pull(rig, 'plain', '1-1');
        await rig.plug({ id: 'loader', driver: 'usb-serial', port: '1', serial: 'DFU01' });
        await holds(rig, 'testvm-02', '1-1');
        await holds(rig, 'testvm-01');
        await pull(rig, 'loader', '1-1');
      }
      await holds(rig, 'testvm-02');
    });

    test('a device that comes and goes endlessly is left alone with a warning, until a sync', async () => {
      await idle(rig);
      const cursor = await rig.journalCursor();
      const refused = async () => (await logLines(rig, cursor)).filter((line) => line.startsWith('refused'));
      const startedAt = Number(await rig.mustRun('date +%s'));
      for (let plugs = 1; plugs <= 7; plugs += 1) {
        if (plugs > 1) {
          await pull(rig, 'loose', '1-3');
          await holds(rig, 'testvm-01');
        }
        // An emulated machine may be too slow to replug seven times within a minute; its clock need not be. A worker
        // goes by the clock as it was when it was started.
        await rig.mustRun(`systemctl stop ${service} && date --set @${startedAt + 7 * plugs}`);
        await rig.plug({ id: 'loose', driver: 'usb-mouse', port: '3', serial: 'MOUSE01' });
        if (plugs < 7) await holds(rig, 'testvm-01', '1-3');
      }
      await told(rig, /^refused /, cursor);
      const [line = ''] = await refused();
      assert.match(
        line,
        /on port 1-3 .* for testvm-01 .*: it came and went more than 6 times within 60 s, and is left alone;/,
      );
      await rig.mustRun('touch /run/usb-libvirt-hotplug/wake; sleep 2');
      await idle(rig);
      assert.deepEqual(await marksIn(rig, 'testvm-01'), []);
      await rig.mustRun('usb-libvirt-hotplug sync', { timeoutMs: 180_000 });
      await holds(rig, 'testvm-01', '1-3');
      await pull(rig, 'loose', '1-3');
      await holds(rig, 'testvm-01');
    });

    test('six devices at once, two of them behind a hub, for two domains, with syncs in between', async () => {
      await writeRules(
        rig,
        '80-vm.rules',
        [ofVendor('0627', 'testvm-01'), ofVendor('0403', 'testvm-02'), ofVendor('46f4', 'testvm-02')].join('\n'),
      );
      await Promise.all([
        rig.plug({ id: 'mouse', driver: 'usb-mouse', port: '1', serial: 'A' }),
        rig.plug({ id: 'serial', driver: 'usb-serial', port: '2', serial: 'B' }),
        rig.plug({ id: 'disk', driver: 'usb-storage', port: '5', serial: 'C' }),
        rig.plug({ id: 'hub', driver: 'usb-hub', port: '4' }),
      ]);
      await rig.plug({ id: 'behind1', driver: 'usb-kbd', port: '4.1', serial: 'D' });
      await rig.plug({ id: 'behind2', driver: 'usb-serial', port: '4.2', serial: 'E' });
      // Commands while the worker works, and a second worker by accident.
      const lib = '/usr/local/lib/usb-libvirt-hotplug';
      await Promise.all([
        rig.mustRun('usb-libvirt-hotplug sync', { timeoutMs: 240_000 }),
        rig.mustRun(`node --jitless ${lib}/service.cjs --linger-seconds 0`, { timeoutMs: 240_000 }),
      ]);
      await holds(rig, 'testvm-01', '1-1', '1-4.1');
      await holds(rig, 'testvm-02', '1-2', '1-4.2', '2-5');
    });
  });
}
