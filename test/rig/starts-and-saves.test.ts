// A domain that starts, ends, is saved and comes back, while its device stays, goes or is another's by then.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holds, numberAt, pull, ruleFor, told } from './host.js';
import { everyRelease, inFull } from './hosts.js';
import { startInstalled, writeRules } from './product.js';
import { whyNoRig, type Rig } from './rig.js';

const skip = (await whyNoRig()) ?? false;
const slowly = { timeoutMs: 120_000 };

for (const host of everyRelease()) {
  // One after the other on one host: each test goes on where the one before it ended.
  describe(`starts and saves on ${host.name}`, { skip }, () => {
    let rig: Rig;

    before(async () => {
      rig = await startInstalled({ host });
      await writeRules(
        rig,
        '90-vm.rules',
        `${ruleFor('1-2', 'testvm-01')}
${ruleFor('1-3', 'testvm-02')}`,
      );
      await plugTablet();
    });

    after(() => rig.stop());

    /** What one release shows as well as another. */
    const testInFull = (sentence: string, body: () => Promise<void>) => {
      if (inFull(host)) void test(sentence, body);
    };

    testInFull('a domain that starts gets what waits for it, and one that is destroyed leaves it waiting', async () => {
      await told(rig, /^waiting .* on port 1-3 .* for testvm-02 .* the domain is not running/);
      for (let round = 0; round < 2; round += 1) {
        await start('testvm-02');
        await tabletIsIn();
        assert.match(await rig.infoUsb('testvm-02'), /Product QEMU USB Tablet, ID: ua-usbhp-1-3-/);
        await rig.mustRun('virsh destroy testvm-02');
      }
    });

    test('a domain that was saved comes back with the device that is still there', async () => {
      await start('testvm-02');
      await tabletIsIn();
      await save();
      await start('testvm-02');
      await tabletIsIn();
    });

    test('a domain that was saved comes back with the device that was replugged, and has another number', async () => {
      await save();
      await pull(rig, 'tablet', '1-3');
      await plugTablet();
      await start('testvm-02');
      await tabletIsIn();
    });

    testInFull(
      'a domain that was saved comes back without the device that is gone, and gets it when it is plugged in',
      async () => {
        await save();
        await pull(rig, 'tablet', '1-3');
        await start('testvm-02');
        await nothingIsLeft();
        await plugTablet();
        await tabletIsIn();
      },
    );

    test("a domain that was saved is not given the stranger that has its device's number by now", async () => {
      await rig.plug({ id: 'mouse', driver: 'usb-mouse', port: '2', serial: 'MOUSE01' });
      await holds(rig, 'testvm-01', '1-2');
      const tablet = await numberAt(rig, '1-3');
      const mouse = await numberAt(rig, '1-2');
      await save();
      await pull(rig, 'tablet', '1-3');
      await rig.mustRun('virsh destroy testvm-01');

      // The saved XML is made to say so: the kernel gives all numbers up to 127 before it gives one again.
      const address = (device: string) => `<address bus='1' device='${device}'/>`;
      await rig.mustRun(
        `virsh managedsave-dumpxml testvm-02 | sed "s,${address(tablet)},${address(mouse)}," >/run/stranger.xml
        grep -q "${address(mouse)}" /run/stranger.xml && virsh managedsave-define testvm-02 /run/stranger.xml`,
      );
      await start('testvm-02');
      // Until the worker has taken it out, QEMU has an empty place, which it calls "USB Host Device".
      assert.doesNotMatch(await rig.infoUsb('testvm-02'), /Product (?!USB Host Device,)/);
      await nothingIsLeft();
      assert.doesNotMatch(await rig.infoUsb('testvm-02'), /Product/);

      await start('testvm-01');
      await holds(rig, 'testvm-01', '1-2');
    });

    testInFull(
      'a domain that was saved to a file comes back from it with the device that was replugged meanwhile',
      async () => {
        await plugTablet();
        await tabletIsIn();
        await rig.mustRun('virsh save testvm-02 /run/testvm-02.save', slowly);
        await pull(rig, 'tablet', '1-3');
        await plugTablet();
        await rig.mustRun('virsh restore /run/testvm-02.save', slowly);
        await tabletIsIn();
        await rig.mustRun('rm /run/testvm-02.save');
      },
    );

    async function plugTablet(): Promise<void> {
      await rig.plug({ id: 'tablet', driver: 'usb-tablet', port: '3', serial: 'TAB01' });
      await numberAt(rig, '1-3');
    }

    async function start(domain: string): Promise<void> {
      await rig.mustRun(`virsh start ${domain}`, slowly);
    }

    async function save(): Promise<void> {
      await rig.mustRun('virsh managedsave testvm-02', slowly);
    }

    /** As it is now, and not as an empty place where it was. */
    async function tabletIsIn(): Promise<void> {
      await holds(rig, 'testvm-02', '1-3');
      await rig.until('testvm-02 sees it', async () => (await rig.infoUsb('testvm-02')).includes('QEMU USB Tablet'));
      const xml = await rig.liveXml('testvm-02');
      assert.doesNotMatch(xml, /missing='yes'/);
      assert.equal(xml.match(/<hostdev /g)?.length, 1, xml);
    }

    async function nothingIsLeft(): Promise<void> {
      await rig.until(
        'testvm-02 has no hostdev',
        async () => !(await rig.liveXml('testvm-02')).includes('<hostdev'),
        slowly,
      );
    }
  });
}
