// One host, booted again and again: what is plugged in before it boots is in its domain after that.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holds, ruleFor } from './host.js';
import { oneHost } from './hosts.js';
import { installProduct, logLines, service, writeRules } from './product.js';
import { startRig, whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;
const bootTimeoutMs = 240_000;

const rules = `${ruleFor('1-1', 'testvm-01')}
SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{serial}=="MOUSE01", ENV{USB_LIBVIRT_DOMAIN}="testvm-01"`;

/** With an interface that is not lo, ifupdown has udev settle before there is a network, and libvirt waits for that. */
const interfaces = `auto lo
iface lo inet loopback
auto guests
iface guests inet manual
  pre-up ip link add guests type dummy`;

const slowStart = `[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sleep 8
[Install]
WantedBy=sysinit.target`;

/** Found when udev has seen everything else. */
const lateDisk = `[Unit]
DefaultDependencies=no
After=systemd-udev-trigger.service
[Service]
Type=oneshot
ExecStart=/bin/udevadm settle`;

for (const host of oneHost()) {
  describe(`boots of ${host.name}`, { skip }, () => {
    let rig: Rig;
    let startupWithoutMs: number;

    before(async () => {
      rig = await startRig({ host });
      await writeFile('/etc/network/interfaces', interfaces);
      await rig.mustRun('virsh autostart testvm-01');
      await boot();
      startupWithoutMs = await startupMs();
      await installProduct(rig, host);
      await writeRules(rig, '90-vm.rules', rules);
    });

    after(() => rig.stop());

    test('what is plugged in before the boot is in its domain after it, and the boot takes no longer for that', async (context) => {
      await boot();
      const startupWithMs = await startupMs();
      context.diagnostic(
        `${host.name}: startup finished in ${seconds(startupWithoutMs)} without this program, in ${seconds(startupWithMs)} with it`,
      );
      // A hook that waits for libvirt costs 110 s and more: until udev's settling gives up.
      assert.ok(startupWithMs < startupWithoutMs + 60_000, 'something waited for something that waited for it');
      await bothAreAttached();
      await udevWasNotHeldUp();

      const [workerStarted] = await journalTimes(`Started ${service}`);
      const asideMs = await firstAsideMs();
      assert.ok(asideMs > 0 && asideMs < (workerStarted ?? 0), 'the devices were no coldplug');
    });

    test('a slow start of the system, a node that is mounted late, and a libvirt that nobody starts but who asks for it, only delay that', async () => {
      await writeFile('/etc/systemd/system/slow-start.service', slowStart);
      await writeFile('/etc/systemd/system/late-disk.service', lateDisk);
      await rig.mustRun(`mkdir /var/late /opt/node && mv ${host.node} /var/late/node
        echo '/var/late /opt/node none bind,x-systemd.requires=late-disk.service 0 0' >>/etc/fstab && mount /opt/node`);
      const installed = await installProduct(rig, { node: '/opt/node/node' });
      assert.match(installed, /warning: \/opt\/node\/node is under \/opt, which may not be mounted yet/);
      await rig.mustRun(
        `systemctl enable slow-start.service && systemctl disable ${host.daemon}.service && systemctl enable ${host.daemon}.socket`,
      );
      await boot();
      await startupMs();
      await bothAreAttached();
      await udevWasNotHeldUp();

      await rig.mustRun('systemctl is-active slow-start.service');
      const [workerStarted] = await journalTimes(`Started ${service}`);
      const [libvirtStarting] = await journalTimes(`Starting ${host.daemon}.service`);
      assert.ok((libvirtStarting ?? 0) > (workerStarted ?? Infinity), 'libvirt was started by somebody else');
      const [mounted] = await journalTimes('Mounted opt-node.mount');
      assert.ok((await firstAsideMs()) < (mounted ?? 0), 'node was there already');
    });

    /** When the hook's shell front put the first event of this boot aside, by L1's clock. */
    async function firstAsideMs(): Promise<number> {
      return 1000 * Number(await rig.mustRun('stat --format=%.3W /run/usb-libvirt-hotplug/early'));
    }

    async function boot(): Promise<void> {
      await rig.reboot({
        xhciInInitramfs: true,
        devices: [
          { id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' },
          { id: 'mouse', driver: 'usb-mouse', port: '2', serial: 'MOUSE01' },
        ],
      });
    }

    /** From the kernel's start to the end of the boot, for which this waits. */
    async function startupMs(): Promise<number> {
      const { stdout } = await rig.run('systemctl is-system-running --wait', { timeoutMs: bootTimeoutMs });
      assert.equal(stdout.trim(), 'running', await rig.mustRun('systemctl --failed --plain --no-legend'));
      return Number(await rig.mustRun('systemctl show --property=FinishTimestampMonotonic --value')) / 1000;
    }

    async function bothAreAttached(): Promise<void> {
      await holds(rig, 'testvm-01', '1-1', '1-2');
      const usb = await rig.infoUsb('testvm-01');
      assert.match(usb, /Product QEMU USB Keyboard, ID: ua-usbhp-1-1-/);
      assert.match(usb, /Product QEMU USB Mouse, ID: ua-usbhp-1-2-/);
      const attached = await rig.until('both lines', async () => {
        const lines = (await logLines(rig)).filter((line) => line.startsWith('attached '));
        return lines.length >= 2 && lines;
      });
      assert.equal(attached.length, 2, attached.join('\n'));
    }

    /** None of udev's workers was slow, failed, or had to be killed; of that it warns. */
    async function udevWasNotHeldUp(): Promise<void> {
      const warnings = (await rig.journal({ priority: 'warning' }))
        .filter(
          ({ identifier, message }) => /udev/.test(identifier) && /taking|timed out|kill|terminat|fail/i.test(message),
        )
        .map(({ message }) => message);
      assert.deepEqual(warnings, []);
    }

    /** By L1's clock. */
    async function journalTimes(beginning: string): Promise<number[]> {
      return (await rig.journal()).filter(({ message }) => message.startsWith(beginning)).map(({ atMs }) => atMs);
    }

    async function writeFile(path: string, text: string): Promise<void> {
      await rig.mustRun(`cat >${path} <<'END'\n${text}\nEND`);
    }
  });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
