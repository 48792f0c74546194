import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { parseEvent, type Environment } from '../../src/core/event.js';

const keyboard = {
  SUBSYSTEM: 'usb',
  DEVTYPE: 'usb_device',
  ACTION: 'add',
  BUSNUM: '001',
  DEVNUM: '037',
  DEVPATH: '/devices/pci0000:00/0000:00:14.0/usb1/1-1',
  PRODUCT: '627/1/0',
  ID_MODEL_ENC: 'QEMU\\x20USB\\x20Keyboard',
  SEQNUM: '1211',
};

test('a plug is understood', () => {
  assert.deepEqual(parseEvent(keyboard), {
    kind: 'wanted',
    busNumber: 1,
    deviceNumber: 37,
    path: { devpath: keyboard.DEVPATH, name: '1-1' },
    ids: { vendorId: '0627', productId: '0001' },
    product: 'QEMU USB Keyboard',
    seqnum: 1211,
  });
});

test("the old README's manual run needs neither DEVPATH nor PRODUCT", () => {
  const event = parseEvent({ ACTION: 'add', SUBSYSTEM: 'usb', DEVTYPE: 'usb_device', BUSNUM: '001', DEVNUM: '037' });
  assert.deepEqual(event, {
    kind: 'wanted',
    busNumber: 1,
    deviceNumber: 37,
    path: undefined,
    ids: undefined,
    product: '',
    seqnum: 0,
  });
});

test('every action means what it should', () => {
  const rows: [string, string][] = [
    ['add', 'wanted'],
    ['bind', 'wanted'],
    ['change', 'wanted'],
    ['remove', 'removed'],
    ['unbind', 'ignored'],
    ['move', 'ignored'],
    ['offline', 'ignored'],
    ['no-such-action', 'ignored'],
  ];
  for (const [action, kind] of rows) assert.equal(parseEvent({ ...keyboard, ACTION: action }).kind, kind, action);
});

test('a change in the middle of a reset is passed over, and a zero elsewhere refused', () => {
  assert.equal(parseEvent({ ...keyboard, ACTION: 'change', DEVNUM: '000' }).kind, 'ignored');
  assert.equal(parseEvent({ ...keyboard, ACTION: 'add', DEVNUM: '000' }).kind, 'invalid');
});

test('an interface is ignored before anything else is asked of it', () => {
  assert.equal(parseEvent({ SUBSYSTEM: 'usb', DEVTYPE: 'usb_interface' }).kind, 'ignored');
});

test('what is missing or wrong is named, with what it should be', () => {
  const rows: [Environment, RegExp][] = [
    [{ SUBSYSTEM: undefined }, /^SUBSYSTEM is not set; it should be "usb"$/],
    [{ SUBSYSTEM: 'net' }, /^SUBSYSTEM is "net"; it should be "usb"$/],
    [{ DEVTYPE: '' }, /^DEVTYPE is not set; it should be "usb_device"$/],
    [{ DEVTYPE: 'disk' }, /^DEVTYPE is "disk"/],
    [{ ACTION: undefined }, /^ACTION is not set; it should be "add" or "remove"$/],
    [{ BUSNUM: undefined }, /^BUSNUM is not set/],
    [{ BUSNUM: '-1' }, /^BUSNUM is "-1"/],
    [{ DEVNUM: '1e3' }, /^DEVNUM is "1e3"/],
    [{ DEVNUM: '0037' }, /^DEVNUM is "0037"/],
    [{ DEVPATH: '/etc/passwd' }, /^DEVPATH is "\/etc\/passwd"/],
    [{ BUSNUM: '002' }, /^BUSNUM says bus 2 but DEVPATH speaks of 1-1, which is on bus 1$/],
  ];
  for (const [change, message] of rows) {
    const event = parseEvent({ ...keyboard, ...change });
    assert.match(event.kind === 'invalid' ? event.message : event.kind, message);
  }
});

const captured = new URL('../fixtures/events/', import.meta.url);

for (const file of readdirSync(captured)) {
  test(`the captured event ${file} is understood`, () => {
    const environment = Object.fromEntries(
      readFileSync(new URL(file, captured), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const [, action = '', type = '', name = ''] = /\.\d\d-([a-z]+)-([a-z_]+)-(.+)\.env$/.exec(file) ?? [];
    const event = parseEvent(environment);
    const expected =
      type === 'usb_interface' || action === 'unbind' || environment['DEVNUM'] === '000'
        ? 'ignored'
        : action === 'remove'
          ? 'removed'
          : 'wanted';
    assert.equal(event.kind, expected);
    if (event.kind !== 'wanted' && event.kind !== 'removed') return;
    assert.equal(event.path?.name, name);
    assert.equal(event.busNumber, Number(environment['BUSNUM']));
    assert.equal(event.deviceNumber, Number(environment['DEVNUM']));
    assert.equal(event.seqnum, Number(environment['SEQNUM']));
    assert.match(`${event.ids?.vendorId}:${event.ids?.productId}`, /^(0627:0001|0409:55aa|46f4:0001)$/);
  });
}
