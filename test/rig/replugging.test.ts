// Devices come back as something else, come too often, come all at once, or leave all at once.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holds, idle, marksIn, numberAt, pull, told } from './host.js';
import { logLines, service, startInstalled, writeRules } from './product.js';
import { oneHost } from './hosts.js';
import { whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

for (const host of oneHost()) {
  describe(`devices that come back on ${host.name}`, { skip }, () => {
    let rig: Rig;

    before(async () => {
      rig = await startInstalled({ host });
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
        if (plugs > 1) await pull(rig, 'loose', '1-3');
        // An emulated machine may be too slow to replug seven times within a minute; its clock need not be. A worker
        // goes by the clock as it was when it was started.
        if (plugs % 2 === 0) await rig.mustRun(`systemctl stop ${service} && date --set @${startedAt + plugs}`);
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
        rig.mustRun(`${host.node} --jitless ${lib}/service.cjs --linger-seconds 0`, { timeoutMs: 240_000 }),
      ]);
      await holds(rig, 'testvm-01', '1-1', '1-4.1');
      await holds(rig, 'testvm-02', '1-2', '1-4.2', '2-5');
    });

    const ports = ['1-1', '1-2', '1-4.1', '1-4.2', '2-5'];

    async function allAreInTheirGuests(): Promise<void> {
      await holds(rig, 'testvm-01', '1-1', '1-4.1');
      await holds(rig, 'testvm-02', '1-2', '1-4.2', '2-5');
      // A mark may be one of an earlier plug: the host's own driver has let go of what QEMU has opened.
      for (const port of ports) {
        await rig.until(
          `a QEMU has opened ${port}`,
          async () =>
            /^(.*\/usbfs)?$/.test((await rig.run(`readlink /sys/bus/usb/devices/${port}:1.0/driver`)).stdout.trim()),
          { timeoutMs: 180_000 },
        );
      }
    }

    test('the host sleeps and wakes, and the guests have their devices as before', async () => {
      await allAreInTheirGuests();
      await idle(rig);
      // The kernel goes to sleep as far as the devices, and wakes after five seconds. Its agent is not asked meanwhile:
      // what is on its way to it when its port falls asleep is lost.
      const sleep = `echo devices >/sys/power/pm_test && echo freeze >/sys/power/state
        echo none >/sys/power/pm_test; echo "awake again" >/dev/ttyS0`;
      await rig.mustRun(`systemd-run --quiet --no-block sh -c 'sleep 5; ${sleep}'`);
      await rig.consoleSays('awake again', 180_000);
      assert.match(await rig.mustRun('journalctl -k -b'), /PM: suspend debug: Waiting for 5 second/);
      await rig.mustRun('udevadm settle');
      await allAreInTheirGuests();
    });

    test('all devices leave and return at once, the hub with everything behind it, and under the numbers they had', async () => {
      // The second time nobody sees that they were away.
      for (const unseen of [false, true]) {
        await idle(rig);
        if (unseen) await rig.mustRun(`systemctl stop usb-libvirt-hotplug.path ${service}`);
        await rig.mustRun('cd /sys/bus/pci/drivers/xhci_hcd && echo 0000:00:05.0 >unbind && echo 0000:00:05.0 >bind');
        for (const port of ports) await numberAt(rig, port);
        await rig.mustRun('udevadm settle');
        if (unseen) await rig.mustRun('systemctl start usb-libvirt-hotplug.path');
        await allAreInTheirGuests();
      }
    });

    test('the hub is pulled with everything behind it, while hooks, virsh and workers are killed', async () => {
      const trigger = () => rig.mustRun('udevadm trigger --action=add --subsystem-match=usb');
      await trigger();
      await rig.unplug('hub');
      for (const program of ['hook.cjs', 'virsh', 'service.cjs', 'virsh', 'service.cjs']) {
        await rig.until(
          `a ${program} was killed`,
          async () => {
            if (program === 'hook.cjs') await trigger();
            else await rig.mustRun('touch /run/usb-libvirt-hotplug/wake');
            // The bracket keeps the shell that says this from being meant.
            return (await rig.run(`pkill -KILL -f "[${program.slice(0, 1)}]${program.slice(1)}"`)).exitCode === 0;
          },
          { timeoutMs: 180_000 },
        );
      }
      await holds(rig, 'testvm-01', '1-1');
      await holds(rig, 'testvm-02', '1-2', '2-5');
      await idle(rig);
      const wants = await rig.mustRun('ls -A /run/usb-libvirt-hotplug/wants');
      assert.deepEqual(
        wants
          .trim()
          .replace(/@\d+\.json/g, '')
          .split('\n'),
        ['1-1', '1-2', '2-5'],
      );
    });
  });
}
