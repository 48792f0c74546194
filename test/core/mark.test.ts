import assert from 'node:assert/strict';
import test from 'node:test';
import { markOf, parseMark } from '../../src/core/mark.js';
import { nameOf } from '../wants.js';

test('a mark names bus, ports and number in letters that libvirt takes', () => {
  const rows: [string, number, string][] = [
    ['1-1.2', 37, 'ua-usbhp-1-1_2-37'],
    ['1-1', 2, 'ua-usbhp-1-1-2'],
    ['12-4.2.1', 127, 'ua-usbhp-12-4_2_1-127'],
  ];
  for (const [device, deviceNumber, mark] of rows) {
    assert.equal(markOf({ device: nameOf(device), deviceNumber }), mark);
    assert.match(mark, /^ua-[a-zA-Z0-9_-]+$/);
    assert.deepEqual(parseMark(mark), { device, deviceNumber });
  }
});

test('marks of port 1-1 device 12 and of port 1-11 device 2 differ', () => {
  assert.notEqual(
    markOf({ device: nameOf('1-1'), deviceNumber: 12 }),
    markOf({ device: nameOf('1-11'), deviceNumber: 2 }),
  );
});

test("other people's aliases are not ours", () => {
  for (const alias of [
    'hostdev0',
    'ua-mine',
    'ua-usbhp-',
    'ua-usbhp-1-1',
    'ua-usbhp-x-1-2',
    'ua-usbhp-1-1-2-3',
    'ua-usbhp-1-1-2000',
    '',
  ]) {
    assert.equal(parseMark(alias), undefined, alias);
  }
});
