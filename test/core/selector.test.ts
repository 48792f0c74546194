import assert from 'node:assert/strict';
import test from 'node:test';
import { parseSysfsName, type SysfsName } from '../../src/core/device.js';
import { describeSelector, isBehind, isSelected, parseSelector } from '../../src/core/selector.js';

const name = (text: string): SysfsName => {
  const parsed = parseSysfsName(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
};
const stick = {
  name: name('1-1.2'),
  busNumber: 1,
  deviceNumber: 37,
  vendorId: '152d',
  productId: '2338',
  serial: '070326AE8AF92D95',
};

test('a device is named by port, bus and port, bus and device, vendor and product, or serial number', () => {
  for (const text of [
    '1-1.2',
    '001:1.2',
    '1:01.2',
    '001/037',
    '1/37',
    '001 037',
    '152d:2338',
    '152D:2338',
    '0x152d.0x2338',
    'serial:070326AE8AF92D95',
    '1-1/…',
    '1-1/...',
    '1-1/*',
    'usb1/…',
    ' 1-1.2 ',
  ]) {
    const selector = parseSelector(text);
    assert.ok(selector.kind !== 'fault', text);
    assert.ok(isSelected(selector, stick), text);
    const again = parseSelector(describeSelector(selector).replace(/^port /, ''));
    assert.deepEqual(again, selector, text);
  }
});

test('a name means no other device: not 1-10 for 1-1, not bus 11 device 1 for bus 1 device 11', () => {
  for (const [text, other] of [
    ['1-1', { ...stick, name: name('1-10') }],
    ['1-1', stick],
    ['1-1/…', { ...stick, name: name('1-10') }],
    ['1-1/…', { ...stick, name: name('1-10.2') }],
    ['1-1/…', { ...stick, name: name('11-1.2') }],
    ['usb1/…', { ...stick, name: name('11-1') }],
    ['1:9', { ...stick, name: name('1-1.9') }],
    ['1/11', { ...stick, busNumber: 11, deviceNumber: 1 }],
    ['152d:2338', { ...stick, vendorId: '2338', productId: '152d' }],
    ['serial:0703', stick],
    ['serial:070326ae8af92d95', stick],
  ] as const) {
    const selector = parseSelector(text);
    assert.ok(selector.kind !== 'fault', text);
    assert.ok(!isSelected(selector, other), `${text} ${JSON.stringify(other)}`);
  }
});

test('a hub comes with everything behind it, and a root hub with its bus', () => {
  const behind = parseSelector('1-4/…');
  assert.ok(behind.kind !== 'fault');
  assert.deepEqual(
    ['1-4', '1-4.1', '1-4.2.7', '1-40', '1-3', '2-4.1'].filter((port) =>
      isSelected(behind, { ...stick, name: name(port) }),
    ),
    ['1-4', '1-4.1', '1-4.2.7'],
  );
  assert.ok(isBehind(name('1-4.1'), name('usb1')));
  assert.ok(!isBehind(name('usb1'), name('usb1')));
});

test('what names no device is refused in words', () => {
  for (const [text, message] of [
    ['1-1:1.0', /is an interface; .* name it 1-1$/],
    ['', /names no device; a device is named by port 1-1\.2/],
    ['0/1', /count from 1/],
    ['001/000', /count from 1/],
    ['0:9', /bus and port; both count from 1/],
    ['serial:', /serial number is missing/],
    ['foo/…', /"foo" is no port path of a hub/],
    ['152d', /names no device/],
    ['1-1.', /names no device/],
    ['/sys/bus/usb/devices/1-1', /names no device/],
  ] as const) {
    const selector = parseSelector(text);
    assert.ok(selector.kind === 'fault', text);
    assert.match(selector.message, message);
  }
});
