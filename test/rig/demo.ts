// `npm run demo`: the main job on a real kernel, udev, libvirt and QEMU, told as it happens.
import process from 'node:process';
import { hookPath, installProduct, logLines, writeRules } from './product.js';
import { startRig, whyNoRig, type Rig } from './rig.js';

const startedMs = performance.now();

function tell(line: string): void {
  process.stdout.write(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
}

const obstacle = await whyNoRig();
if (obstacle === undefined) await show();
else {
  process.stdout.write(`The demo cannot run here: ${obstacle}.\n`);
  process.exitCode = 1;
}

async function show(): Promise<void> {
  tell(
    'a virtual machine becomes the host: Debian with its own kernel, udev, systemd and libvirt (built at the first run)',
  );
  const rig = await startRig({ progress: tell });
  try {
    tell('the host runs, and on it the domain testvm-01');
    await installProduct(rig);
    tell('installed with install.sh');
    const rule = `SUBSYSTEM=="usb",DEVPATH=="/devices/pci0000:00/0000:00:05.0/usb1/1-1",RUN+="${hookPath} testvm-01"`;
    await writeRules(rig, '90-vm.rules', rule);
    tell(`a rule, in the old script's form: ${rule}`);
    const before = await rig.liveXml('testvm-01');
    const cursor = await rig.journalCursor();

    tell('plugging a keyboard into port 1 of bus 1 …');
    await rig.plug({ id: 'keyboard', driver: 'usb-kbd', port: '1', serial: 'KBD01' });
    tell(
      `wanted: ${await rig.until('the want is on file', () => firstLine(rig, 'grep -ho \'"domain":"[^"]*"\' /run/usb-libvirt-hotplug/wants/1-1@*.json'))}`,
    );
    tell(`log: ${await rig.until('the line in the log', async () => (await logLines(rig, cursor))[0])}`);
    tell(`info usb: ${(await rig.infoUsb('testvm-01')).trim()}`);

    tell('pulling it out …');
    await rig.unplug('keyboard');
    tell(`log: ${await rig.until('the second line in the log', async () => (await logLines(rig, cursor))[1])}`);
    await rig.until('the live XML is as before', async () => (await rig.liveXml('testvm-01')) === before);
    tell("clean: the domain's live XML is byte for byte as before the plug");
  } finally {
    await rig.stop();
  }
}

async function firstLine(rig: Rig, command: string): Promise<string | undefined> {
  return (await rig.mustRun(command)).split('\n')[0];
}
