import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openBox, until, type Box } from './box.js';
import { earlyEvent } from './simulated/hook-front.js';

const keyboard = { port: '1-1', number: 2 };
const mouse = { port: '1-2', number: 3 };

test('what came before the first worker of a boot is in its domain after it, and nothing is left aside', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  box.plug(mouse);
  putAside(box, '9.0', keyboard, ['guest1']);
  putAside(box, '10.0', mouse, [], { USB_LIBVIRT_DOMAIN: 'guest1' });
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2', '1:3 ua-usbhp-1-2-3']);
  assert.deepEqual(readdirSync(join(box.run, 'early')), []);
  assert.ok(!box.isAwake());
});

test('of two rules for one event the first has the device, and a later event may name another domain', async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  for (const plug of [keyboard, mouse]) box.plug(plug);
  putAside(box, '100.1', keyboard, ['guest2']);
  putAside(box, '100.0', keyboard, ['guest1']);
  putAside(box, '99.0', mouse, ['guest1']);
  putAside(box, '101.0', mouse, ['guest2']);
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
  assert.match(readFileSync(join(box.run, 'wants/1-2@003.json'), 'utf8'), /"domain":"guest2"/);
  await until('the refusal', () => lines.some((line) => /refused .* 1-1 .*guest2.*guest1/.test(line)));
});

test("an event that a rule made wrong is told, and is in nobody's way", async (context) => {
  const box = openBox(context);
  const lines = box.openSyslog();
  for (const plug of [keyboard, mouse]) box.plug(plug);
  putAside(box, '1.0', keyboard, ['one', 'two']);
  putAside(box, '2.0', keyboard, []);
  putAside(box, '3.0', mouse, ['guest1']);
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:3 ua-usbhp-1-2-3']);
  await until(
    'both lines',
    () => lines.filter((line) => /one domain is expected|no domain is named/.test(line)).length === 2,
  );
  assert.deepEqual(readdirSync(join(box.run, 'early')), []);
});

test('one that is half written is left until its writer cannot be at it any more', async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  putAside(box, '1.0', keyboard, ['guest1'], {}, (text) => text.slice(0, -2));
  await box.work();
  assert.deepEqual(readdirSync(join(box.run, 'early')), ['1.0']);
  utimesSync(join(box.run, 'early/1.0'), 0, 0);
  await box.work();
  assert.deepEqual(readdirSync(join(box.run, 'early')), []);
  assert.deepEqual(box.hostdevs(), []);
});

test("what somebody has put there by hand is in no event's way", async (context) => {
  const box = openBox(context);
  box.plug(keyboard);
  putAside(box, '1.0', keyboard, ['guest1']);
  mkdirSync(join(box.run, 'early/0.0/deeper'), { recursive: true });
  await box.work();
  assert.deepEqual(box.hostdevs(), ['1:2 ua-usbhp-1-1-2']);
  utimesSync(join(box.run, 'early/0.0'), 0, 0);
  await box.work();
  assert.deepEqual(readdirSync(join(box.run, 'early')), []);
});

function putAside(
  box: Box,
  name: string,
  { port, number }: { port: string; number: number },
  args: string[],
  properties: Record<string, string> = {},
  damage = (text: string) => text,
): void {
  const environment = {
    ACTION: 'add',
    SUBSYSTEM: 'usb',
    DEVTYPE: 'usb_device',
    DEVPATH: `/devices/pci0000:00/0000:00:05.0/usb1/${port}`,
    BUSNUM: '001',
    DEVNUM: `00${number}`,
    PRODUCT: '627/1/0',
    SEQNUM: name.split('.', 1).join(),
    ...properties,
  };
  mkdirSync(join(box.run, 'early'), { recursive: true });
  writeFileSync(join(box.run, 'early', name), damage(earlyEvent(environment, args)));
}
