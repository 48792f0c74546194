import assert from 'node:assert/strict';
import test from 'node:test';
import { rebuild } from '../../src/core/rebuild.js';
import type { Want } from '../../src/core/want.js';
import { deviceOf, wantOf } from '../wants.js';

const context = { defaultUri: 'qemu:///system', nowMs: 5000 };
const known = (properties: Record<string, string>) => [
  {
    device: deviceOf({}),
    properties: {
      DEVPATH: '/devices/pci0000:00/0000:00:05.0/usb1/1-1',
      ID_MODEL_ENC: 'QEMU\\x20USB\\x20Keyboard',
      ...properties,
    },
  },
];

/** The domains that a rebuild gives the device to. */
function domainsAfter(properties: Record<string, string>, ...onFile: Want[]): string[] {
  return rebuild(known(properties), onFile, context).map(({ domain }) => domain);
}

test('a want that was lost is rebuilt from what the rules left in the udev database', () => {
  assert.deepEqual(rebuild(known({ USB_LIBVIRT_DOMAIN: 'guest1' }), [], context), [
    wantOf({ seqnum: 1, claimedAtMs: 5000 }),
  ]);
});

const rows: [string, Record<string, string>, Want[], string[]][] = [
  ['a device that no rule speaks of gets none', {}, [], []],
  ['a name that no domain can have is left out', { USB_LIBVIRT_DOMAIN: 'a/b' }, [], []],
  ['a want that says the same is left alone', { USB_LIBVIRT_DOMAIN: 'guest1' }, [wantOf({})], []],
  ['a device whose rule names another domain now moves', { USB_LIBVIRT_DOMAIN: 'guest2' }, [wantOf({})], ['guest2']],
  ['so does one that was adopted', { USB_LIBVIRT_DOMAIN: 'guest2' }, [wantOf({ seqnum: 1 })], ['guest2']],
  ['what a person gave stays', { USB_LIBVIRT_DOMAIN: 'guest2' }, [wantOf({ seqnum: 0 })], []],
  ['what a person took back stays', { USB_LIBVIRT_DOMAIN: 'guest1' }, [wantOf({ released: true })], []],
  ['a rule that was refused stays so', { USB_LIBVIRT_DOMAIN: 'guest2' }, [wantOf({ rivals: ['guest2'] })], []],
  [
    'a want of the number before the replug is no want of this device',
    { USB_LIBVIRT_DOMAIN: 'guest1' },
    [wantOf({ deviceNumber: 9 })],
    ['guest1'],
  ],
  [
    'nor is one of another device that had the number',
    { USB_LIBVIRT_DOMAIN: 'guest1' },
    [wantOf({ productId: '0002' })],
    ['guest1'],
  ],
];
for (const [title, properties, onFile, domains] of rows) {
  test(title, () => {
    assert.deepEqual(domainsAfter(properties, ...onFile), domains);
  });
}

test('a hypervisor that a rule names by LIBVIRT_DEFAULT_URI is kept, and one on another host is refused', () => {
  const wants = (uri: string) =>
    rebuild(known({ USB_LIBVIRT_DOMAIN: 'guest1', LIBVIRT_DEFAULT_URI: uri }), [], context).map((want) => want.uri);
  assert.deepEqual(wants('qemu:///session'), ['qemu:///session']);
  assert.deepEqual(wants('qemu+ssh://other/system'), []);
});
