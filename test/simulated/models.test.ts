// What is modelled in place of our two shell scripts, held against the scripts themselves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { wantOf } from '../wants.js';
import { printDomain } from '../fake/domain-xml.mjs';
import { addDomain, newState, type Domain, type Hostdev } from '../fake/world.mjs';
import { restoreHook } from './domains.js';
import { earlyEvent, hookFront } from './hook-front.js';

const ours: Hostdev = {
  bus: 1,
  device: 2,
  vendorId: '',
  productId: '',
  alias: 'ua-usbhp-1-1_2-2',
  guestPort: 1,
  managed: 'no',
  startupPolicy: '',
  guestReset: '',
  missing: false,
  lost: false,
  dumpsUntilGone: 0,
};
const harmless = { ...ours, bus: 0, device: 0, startupPolicy: 'optional' };
const mouse = { ...ours, vendorId: '093a', productId: '2510', alias: '' };

test("at a restore libvirt's hook script makes of every saved hostdev what the model makes of it", (context) => {
  const { run, directory } = openScript(context, 'rules/qemu-hook');
  for (const saved of [
    [],
    [ours],
    [mouse],
    [mouse, ours],
    [ours, mouse, { ...ours, alias: 'ua-usbhp-2-1-9', device: 9 }],
    [harmless],
    [harmless, ours],
    [{ ...ours, startupPolicy: 'optional' }],
    [{ ...ours, guestReset: 'off' }],
    [{ ...ours, alias: 'ua-mine' }],
  ]) {
    const before = xmlWith(saved);
    const { stdout, status } = run(['guest1', 'restore', 'begin', '-'], {}, before);
    assert.equal(status, 0);
    // Nothing printed: the XML stays as it is.
    const after = (stdout === '' ? before : stdout).replaceAll('startupPolicy="optional"', "startupPolicy='optional'");
    assert.equal(after, xmlWith(restoreHook(saved)), JSON.stringify(saved));
  }
  assert.ok(existsSync(join(directory, 'run/wake')));
});

test("the hook's shell front goes on to node, wakes or ends where the model does", (context) => {
  const { run, directory } = openScript(context, 'rules/hook');
  const runDirectory = join(directory, 'run');
  const wantFile = join(runDirectory, 'wants/1-1@002.json');
  const recordFile = join(runDirectory, 'state/1-1@002.json');
  const wake = join(runDirectory, 'wake');
  for (const folder of ['wants', 'state']) mkdirSync(join(runDirectory, folder));
  writeFileSync(join(runDirectory, 'lock'), '');
  const cgroup = join(directory, 'cgroup');
  writeFileSync(cgroup, '0::/system.slice/systemd-udevd.service/udev\n');

  const wants = [undefined, {}, { domain: 'guest2' }, { rivals: ['guest2'] }, { released: true }];
  const records = [undefined, '{"standing":{"kind":"attached","domain":"guest1"}}', '{"standing":{"kind":"waiting"}}'];
  for (const want of wants) {
    for (const record of records) {
      for (const action of ['add', 'bind', 'change', 'unbind', 'remove']) {
        for (const [args, domain] of [
          [['guest1'], ''] as const,
          [[], 'guest1'] as const,
          [['guest2'], 'guest1'] as const,
        ]) {
          for (const path of [wantFile, recordFile, wake]) rmSync(path, { force: true });
          if (want !== undefined) writeFileSync(wantFile, `${JSON.stringify(wantOf(want))}\n`);
          if (record !== undefined) writeFileSync(recordFile, `${record}\n`);
          const environment = {
            ACTION: action,
            DEVTYPE: 'usb_device',
            DEVPATH: '/devices/pci0000:00/usb1/1-1',
            DEVNUM: '002',
            ...(domain === '' ? {} : { USB_LIBVIRT_DOMAIN: domain }),
          };
          const expected = hookFront(environment, args, runDirectory);
          const places = { USB_LIBVIRT_CGROUP: cgroup, USB_LIBVIRT_RUN_DIRECTORY: runDirectory };
          const { stdout } = run(args, { ...environment, ...places }, '');
          const seen = stdout === 'node\n' ? 'node' : existsSync(wake) ? 'wake' : 'nothing';
          assert.equal(seen, expected, JSON.stringify({ want, record, action, args, domain }));
        }
      }
    }
  }
});

test("what the hook's shell front puts aside is what the model does", (context) => {
  const { run, directory } = openScript(context, 'rules/hook');
  const cgroup = join(directory, 'cgroup');
  writeFileSync(cgroup, '0::/system.slice/systemd-udevd.service/udev\n');
  const runDirectory = join(directory, 'run');
  const environment = {
    ACTION: 'add',
    SUBSYSTEM: 'usb',
    DEVTYPE: 'usb_device',
    DEVPATH: '/devices/pci0000:00/usb1/1-1',
    BUSNUM: '001',
    DEVNUM: '002',
    PRODUCT: '627/1/0',
    SEQNUM: '12',
    ID_MODEL_ENC: 'a\\x20b',
  };
  const args = ['--connect', 'qemu:///system', 'my vm'];
  assert.equal(hookFront(environment, args, runDirectory), 'aside');
  run(args, { ...environment, USB_LIBVIRT_CGROUP: cgroup, USB_LIBVIRT_RUN_DIRECTORY: runDirectory }, '');
  assert.equal(readFileSync(join(runDirectory, 'early/12.0'), 'utf8'), earlyEvent(environment, args));
  assert.ok(existsSync(join(runDirectory, 'wake')));
});

function xmlWith(hostdevs: Hostdev[]): string {
  const domain: Domain = addDomain(newState(), { name: 'guest1' });
  return printDomain({ ...domain, hostdevs });
}

/** A script of ours with its places in a directory of the test's, and a node that only says its name. */
function openScript(context: TestContext, path: string) {
  const directory = mkdtempSync(join(tmpdir(), 'usb-hotplug-models-'));
  context.after(() => {
    rmSync(directory, { recursive: true });
  });
  mkdirSync(join(directory, 'run'));
  const node = join(directory, 'node');
  writeFileSync(node, '#!/bin/sh\necho node\n', { mode: 0o755 });
  const text = readFileSync(path, 'utf8')
    .replace('run=/run/usb-libvirt-hotplug\n', `run=${join(directory, 'run')}\n`)
    .replaceAll('@NODE@', node)
    .replaceAll('@LIB@', directory);
  const script = join(directory, 'script');
  writeFileSync(script, text);
  return {
    directory,
    run: (args: readonly string[], env: Record<string, string>, input: string) =>
      spawnSync('sh', [script, ...args], { input, encoding: 'utf8', env }),
  };
}
