import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { readFailure, type FailureKind } from '../../src/core/virsh-failure.js';

test('what libvirt said is told apart', () => {
  const rows: [string, FailureKind][] = [
    ['attach-device-gone', 'device-not-found'],
    ['attach-domain-off', 'domain-not-running'],
    ['attach-in-use', 'device-in-use'],
    ['attach-twice-same-alias', 'alias-taken'],
    ['detach-alias-missing', 'not-attached'],
    ['detach-not-attached', 'not-attached'],
    ['domain-unknown', 'domain-unknown'],
    ['domstate-unknown', 'domain-unknown'],
    ['libvirtd-down', 'hypervisor-unreachable'],
  ];
  for (const [name, kind] of rows) {
    const text = readFileSync(new URL(`../fixtures/virsh/${name}.txt`, import.meta.url), 'utf8');
    const stderr = text.slice(text.indexOf('--- stderr\n') + '--- stderr\n'.length, text.indexOf('--- exit'));
    assert.equal(readFailure(stderr).kind, kind, name);
  }
});

test('texts that were met elsewhere are told apart too', () => {
  const rows: [string, FailureKind][] = [
    [
      'error: Failed to attach device from x\nerror: Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainAttachDevice)',
      'domain-busy',
    ],
    [
      "error: Failed to attach device from x\nerror: internal error: unable to execute QEMU command 'device_add': failed to find host usb device 1:5",
      'device-not-found',
    ],
    [
      "error: internal error: unable to execute QEMU command 'device_add': failed to open host usb device /dev/bus/usb/001/005",
      'device-not-openable',
    ],
    ['error: internal error: No free USB ports', 'no-free-port'],
    [
      'error: Disconnected from qemu:///system due to end of file\nerror: End of file while reading data: Input/output error',
      'hypervisor-unreachable',
    ],
    ["error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied", 'denied'],
    ['error: something nobody has seen yet', 'unexplained'],
  ];
  for (const [stderr, kind] of rows) assert.equal(readFailure(stderr).kind, kind, stderr);
});

test('what virsh said comes on one line', () => {
  assert.equal(
    readFailure('error: Failed to attach device from x\nerror: no\n').said,
    'Failed to attach device from x; no',
  );
});
