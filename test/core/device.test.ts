import assert from 'node:assert/strict';
import test from 'node:test';
import {
  busOf,
  inOrderOfPorts,
  padNumber,
  parseDevpath,
  parseNumber,
  parseProduct,
  parseSysfsName,
} from '../../src/core/device.js';

test('numbers are read as decimals of one to three digits, and zero is no number', () => {
  const rows: [string, number | undefined][] = [
    ['001', 1],
    ['022', 22], // libvirt would read it as octal
    ['08', 8],
    ['7', 7],
    ['127', 127],
    ['000', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['abc', undefined],
    ['1e3', undefined],
    ['1000', undefined],
    ['0001', undefined],
    ['', undefined],
    [' 1', undefined],
    ['1\n', undefined],
    ['٣', undefined],
  ];
  for (const [text, number] of rows) assert.equal(parseNumber(text), number, JSON.stringify(text));
});

test('a device is known by its port path or as a root hub, and an interface is no device', () => {
  for (const name of ['1-1', '1-1.2', '12-4.2.1.3', 'usb1', 'usb12']) assert.equal(parseSysfsName(name), name);
  for (const name of [
    '1-1:1.0',
    '1-0:1.0',
    '1',
    '1-',
    '-1',
    '01-1',
    '1-1.',
    '1-1..2',
    '1-1/2',
    '../1-1',
    'usb',
    'usb0',
    '1-1.2.3.4.5.6.7.8',
    '',
  ]) {
    assert.equal(parseSysfsName(name), undefined, name);
  }
});

test('the last part of DEVPATH names the device, and never leads out of sysfs', () => {
  assert.equal(parseDevpath('/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.2'), '1-1.2');
  assert.equal(parseDevpath('/devices/platform/vhci_hcd.0/usb3/3-1'), '3-1');
  for (const path of ['1-1', '/1-1', '/devices/../etc/1-1', '/devices/x/1-1:1.0', '/devices/x/1-1/', '']) {
    assert.equal(parseDevpath(path), undefined, path);
  }
});

test('a name tells its bus', () => {
  assert.equal(busOf(parseSysfsName('12-1.2') ?? assert.fail()), 12);
  assert.equal(busOf(parseSysfsName('usb3') ?? assert.fail()), 3);
});

test('devices are in the order of their ports as numbers, what is behind a hub after it, and a root hub before all', () => {
  const names = ['usb1', '1-1', '1-2', '1-2.1', '1-2.4.1', '1-2.10', '1-3', '1-10', 'usb2', '2-1', 'usb10', '10-1'];
  const shuffled = names.map((name) => parseSysfsName(name) ?? assert.fail()).sort();
  assert.deepEqual(shuffled.sort(inOrderOfPorts), names);
});

test('numbers are padded as udev prints them', () => {
  assert.deepEqual([1, 37, 127].map(padNumber), ['001', '037', '127']);
});

test('PRODUCT gives the ids their leading zeros back', () => {
  assert.deepEqual(parseProduct('627/1/0'), { vendorId: '0627', productId: '0001' });
  assert.deepEqual(parseProduct('46F4/abcd/100'), { vendorId: '46f4', productId: 'abcd' });
  for (const product of ['', '627/1', '627/1/0/2', 'xyz/1/0', '12345/1/0'])
    assert.equal(parseProduct(product), undefined, product);
});
