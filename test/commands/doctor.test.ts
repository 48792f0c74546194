import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import test, { type TestContext } from 'node:test';
import { addDomain, stopDomain } from '../fake/world.mjs';
import { openBox } from '../box.js';

const isRoot = process.getuid?.() === 0;
const keyboard = { port: '1-1', number: 2 };

interface Finding {
  title: string;
  verdict: string;
  detail: string;
  remedy: string;
}

/** A host where all is as install.sh leaves it, and one rule is written. */
function openHost(context: TestContext) {
  const box = openBox(context);
  const at = (path: string) => `${box.directory}/${path}`;
  const lib = at('lib/usb-libvirt-hotplug');
  const render = (source: string) =>
    readFileSync(`rules/${source}`, 'utf8').replaceAll('@NODE@', process.execPath).replaceAll('@LIB@', lib);
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(at(path.slice(0, path.lastIndexOf('/'))), { recursive: true });
    writeFileSync(at(path), text);
    chmodSync(at(path), mode);
  };
  write('lib/usb-libvirt-hotplug/hook', render('hook'), 0o755);
  symlinkSync(resolve('dist/hook.cjs'), at('lib/usb-libvirt-hotplug/hook.cjs'));
  write('vendor-rules/zz-usb-libvirt-hotplug.rules', render('zz-usb-libvirt-hotplug.rules'));
  write('rules/80-vm.rules', `SUBSYSTEM=="usb", ATTR{idVendor}=="0627", RUN+="${lib}/hook guest1"\n`);
  write('hooks/qemu.d/usb-libvirt-hotplug', render('qemu-hook'), 0o755);
  const laterSeconds = Math.ceil(Date.now() / 1000) + 60;
  write('systemd/show.libvirtd.service', `ActiveState=active\nStateChangeTimestamp=@${laterSeconds}\n`);
  box.openSyslog();
  return {
    ...box,
    lib,
    at,
    write,
    /** What it finds of one thing. */
    async findingsOf(title: string): Promise<[verdict: string, text: string][]> {
      const { stdout, stderr } = await box.cli(['doctor', '--json']);
      assert.equal(stderr, '');
      return (JSON.parse(stdout) as Finding[])
        .filter((finding) => finding.title === title)
        .map(({ verdict, detail, remedy }) => [verdict, `${detail} | ${remedy}`]);
    },
  };
}

test('on a host where all is well every check says so, a line each', async (context) => {
  const box = openHost(context);
  box.plug(keyboard);
  await box.event('add', keyboard, 'guest1');
  const { exitCode, stdout, stderr } = await box.cli(['doctor']);
  assert.equal(exitCode, 0, stdout + stderr);
  const lines = stdout.trimEnd().split('\n');
  const expected = [
    `ok       node: ${process.versions.node} at ${process.execPath}`,
    isRoot
      ? /^ok {7}node in udev's sandbox: usb-libvirt-hotplug .*, run by systemd-run with MemoryDenyWriteExecute$/
      : /^skipped {2}node in udev's sandbox/,
    `ok       rules: ${box.at('vendor-rules/zz-usb-libvirt-hotplug.rules')}`,
    `ok       rules' syntax: udevadm verify is content with ${box.at('rules/80-vm.rules')}, ${box.at('vendor-rules/zz-usb-libvirt-hotplug.rules')}`,
    isRoot ? 'ok       udev: it answers, and reads changed rules by itself' : /^skipped {2}udev/,
    `ok       your rules: no mistake found in ${box.at('rules/80-vm.rules')}`,
    'ok       devices: given to domains by rules or people: 1',
    'ok       units: usb-libvirt-hotplug.path, usb-libvirt-hotplug.service, usb-libvirt-hotplug-missed.service are enabled',
    'ok       path unit: usb-libvirt-hotplug.path is active; a worker works now',
    `ok       syslog: ${box.at('log')} is there`,
    'ok       virsh: it reaches qemu:///system; domains: 1',
    `ok       libvirt's hook: ${box.at('hooks/qemu.d/usb-libvirt-hotplug')}; libvirtd was started or reloaded after it came`,
    'ok       AppArmor: it is not enabled',
    'ok       controllers: guest1: controller 0: qemu-xhci, 4 of 4 ports free',
  ];
  assert.equal(lines.length, expected.length, stdout);
  for (const [index, line] of expected.entries()) {
    if (line instanceof RegExp) assert.match(lines[index] ?? '', line);
    else assert.equal(lines[index], line);
  }
  assert.ok(box.calls().every(({ args }) => !args.some((word) => /^(at|de)tach/.test(word))));
});

test('a failed check has its remedy under it and exit code 1, and stops no other', async (context) => {
  const box = openHost(context);
  box.write('systemd/is-active.usb-libvirt-hotplug.path', 'inactive');
  const { exitCode, stdout } = await box.cli(['doctor']);
  assert.equal(exitCode, 1);
  assert.match(
    stdout,
    /^failed {3}path unit: usb-libvirt-hotplug\.path is inactive: nobody starts the worker\n {9}systemctl restart usb-libvirt-hotplug\.path\nok {7}syslog: /m,
  );
});

test('what cannot be read is told as such, and stops no other check', async (context) => {
  const box = openHost(context);
  mkdirSync(box.at('rules/85-odd.rules'));
  const { exitCode, stdout } = await box.cli(['doctor']);
  assert.equal(exitCode, 1);
  assert.match(stdout, /^failed {3}your rules: it could not be looked at: EISDIR.*\n {9}please report this$/m);
  assert.match(stdout, /^ok {7}virsh: /m);
});

test('a warning alone is no failure', async (context) => {
  const box = openHost(context);
  rmSync(box.at('rules/80-vm.rules'));
  const { exitCode, stdout } = await box.cli(['doctor']);
  assert.equal(exitCode, 0, stdout);
  assert.match(stdout, /^warning {2}your rules: no rule gives a device to a domain\n {9}README/m);
});

test('a host without the program, virsh, udev, systemd and syslog is told all of that', async (context) => {
  const box = openHost(context);
  for (const path of ['lib', 'rules', 'vendor-rules', 'hooks', 'log']) rmSync(box.at(path), { recursive: true });
  for (const program of ['virsh', 'udevadm']) rmSync(box.at(`bin/${program}`));
  box.write('bin/systemctl', '#!/bin/sh\necho "System has not been booted with systemd" >&2\nexit 1\n', 0o755);
  const { exitCode, stdout, stderr } = await box.cli(['doctor']);
  assert.deepEqual([exitCode, stderr], [1, '']);
  for (const line of [
    /^failed {3}node: there is no hook at .*\/lib\/usb-libvirt-hotplug\/hook that names a node\n {9}run install\.sh$/m,
    /^failed {3}rules: zz-usb-libvirt-hotplug\.rules is in none of /m,
    /^skipped {2}units: no systemd here/m,
    /^warning {2}syslog: there is no socket at /m,
    /^failed {3}virsh: virsh was not found; install libvirt's client programs$/m,
    /^failed {3}libvirt's hook: .* is not there/m,
    /^skipped {2}controllers: /m,
  ]) {
    assert.match(stdout, line);
  }
});

test('a node that is gone, too old, or dies in the sandbox is told apart', async (context) => {
  const box = openHost(context);
  box.write('lib/usb-libvirt-hotplug/hook', 'exec "/nowhere/node" "$@"\n', 0o755);
  assert.deepEqual(await box.findingsOf('node'), [
    ['failed', '/nowhere/node, which the hook names, is not there | run install.sh again; --node names another node'],
  ]);
  box.write('bin/old-node', '#!/bin/sh\necho v16.20.2\n', 0o755);
  box.write('lib/usb-libvirt-hotplug/hook', `exec "${box.at('bin/old-node')}" "$@"\n`, 0o755);
  assert.match((await box.findingsOf('node')).join(), /^failed,16\.20\.2 at .* does not fit: 18\.19 to 26 is needed/);
  box.write('bin/systemd-run', '#!/bin/sh\nexit 133\n', 0o755);
  const sandbox = (await box.findingsOf("node in udev's sandbox")).join();
  if (isRoot)
    assert.match(sandbox, /^failed,.* does not run with MemoryDenyWriteExecute \(status 133\): it says nothing/);
});

test('mistakes in rules are told by file and line, over all files', async (context) => {
  const box = openHost(context);
  const rule = 'SUBSYSTEM=="usb", ATTR{idVendor}=="0627", ';
  box.write('rules/81-old.rules', `# old\n${rule}\\\n  RUN+="/opt/usb-libvirt-hotplug.sh guest1"\n`);
  box.write('rules/90-other.rules', `${rule}RUN+="${box.lib}/hook guest2"\nSUBSYSTEM=="usb", RUN="/bin/true"\n`);
  const found = await box.findingsOf('your rules');
  assert.deepEqual(
    found.map(([verdict, text]) => [verdict, text.replaceAll(`${box.directory}/rules/`, '').replace(/ \|.*/, '')]),
    [
      ['warning', '81-old.rules:2: it runs the old script, beside this program'],
      ['warning', '90-other.rules:1: it gives a device to guest2 that 80-vm.rules:1 gives to guest1'],
      ['warning', '90-other.rules:2: RUN= drops every program that rules before it have named, ours too'],
    ],
  );
});

test('rules that udev does not understand, or that lie in the wrong place, are told', async (context) => {
  const box = openHost(context);
  box.write('udev.verify', `${box.at('rules/80-vm.rules')}:1 Invalid key/value pair, ignoring.\n`);
  assert.match((await box.findingsOf("rules' syntax")).join(), /^failed,.*80-vm\.rules:1 Invalid key/);
  box.write('udev.verify', `${box.at('rules/80-vm.rules')}:1 style: a comma between tokens is expected.\n`);
  assert.match((await box.findingsOf("rules' syntax")).join(), /^ok,/);
  box.write('rules/zz-usb-libvirt-hotplug.rules', `RUN+="${box.lib}/hook"\n`);
  assert.match((await box.findingsOf('rules')).join(), /^warning,.*\/rules\/zz-.* is used in place of/);
  box.write('rules/zz-usb-libvirt-hotplug.rules', 'RUN+="/opt/hook"\n');
  assert.match(
    (await box.findingsOf('rules')).join(),
    /^failed,.*\/rules\/zz-.* does not run .*\/usb-libvirt-hotplug\/hook \|/,
  );
});

test('a device whose hook was not run, and one that two rules want, are told', async (context) => {
  const box = openHost(context);
  const mouse = { port: '1-2', number: 3 };
  for (const device of [keyboard, mouse]) box.plug(device);
  box.setProperties(keyboard.port, { USB_LIBVIRT_DOMAIN: 'guest1' });
  await box.event('add', mouse, 'guest1');
  await box.event('add', mouse, 'guest2');
  assert.deepEqual(await box.findingsOf('devices'), [
    [
      'warning',
      "the device on port 1-1 is guest1's by the rules, but the hook was not run for it | usb-libvirt-hotplug sync --rescan",
    ],
    [
      'warning',
      'the device on port 1-2 was given to guest1, and rules name guest2 as well | keep one of the rules, then usb-libvirt-hotplug sync --rescan',
    ],
  ]);
});

test('a libvirt that was started before its hook came is told, and needs a reload only', async (context) => {
  const box = openHost(context);
  box.write('systemd/show.libvirtd.service', 'ActiveState=active\nStateChangeTimestamp=@1700000000\n');
  assert.match(
    (await box.findingsOf("libvirt's hook")).join(),
    /^warning,.* came after libvirtd was started or reloaded last \| systemctl reload libvirtd$/,
  );
  box.write('systemd/show.libvirtd.service', 'ActiveState=inactive\nStateChangeTimestamp=@1700000000\n');
  assert.match((await box.findingsOf("libvirt's hook")).join(), /^ok,.*; no daemon runs now, and the next one sees it/);
  chmodSync(box.at('hooks/qemu.d/usb-libvirt-hotplug'), 0o644);
  assert.match((await box.findingsOf("libvirt's hook")).join(), /^failed,.* may not be executed \| chmod 755 /);
});

test('units that are not enabled, and a worker that has failed, are told', async (context) => {
  const box = openHost(context);
  box.write('systemd/is-enabled.usb-libvirt-hotplug.service', 'disabled');
  box.write('systemd/is-active.usb-libvirt-hotplug.service', 'failed');
  assert.deepEqual(await box.findingsOf('units'), [
    [
      'failed',
      'usb-libvirt-hotplug.service is disabled, and will not be there after the next boot | systemctl enable usb-libvirt-hotplug.service',
    ],
  ]);
  assert.match((await box.findingsOf('path unit')).join(), /^failed,usb-libvirt-hotplug\.service has failed \|/);
});

test('domains are told what they can take, and what would not fit', async (context) => {
  const box = openHost(context);
  box.libvirt((state) => {
    stopDomain(state, 'guest1');
    addDomain(state, { name: 'win10', usbPorts: 1 });
  });
  box.plug(keyboard);
  await box.event('add', keyboard, 'win10');
  await box.work();
  assert.deepEqual(await box.findingsOf('controllers'), [
    [
      'warning',
      "win10: controller 0: qemu-xhci, 0 of 1 ports free | have <controller type='usb' model='qemu-xhci' ports='15'/> in \"virsh edit win10\", and start the domain anew",
    ],
  ]);
});

test("AppArmor's part is told", async (context) => {
  const box = openHost(context);
  box.write('sys/module/apparmor/parameters/enabled', 'Y\n');
  assert.match((await box.findingsOf('AppArmor')).join(), /^skipped,it is enabled; its profiles cannot be read/);
  box.write('sys/kernel/security/apparmor/profiles', 'libvirtd (enforce)\n/usr/bin/man (enforce)\n');
  assert.match((await box.findingsOf('AppArmor')).join(), /^ok,it is enabled, with libvirtd \(enforce\); .*journalctl/);
  box.write('sys/kernel/security/apparmor/profiles', '/usr/bin/virsh (enforce)\n');
  assert.match((await box.findingsOf('AppArmor')).join(), /^warning,it confines virsh, by /);
});

const nobody = { uid: 65534, gid: 65534 };
const canBeNobody = isRoot && spawnSync(process.execPath, ['dist/cli.cjs', '--version'], nobody).status === 0;
test(
  'who is not root is told what only root can look at, and the rest all the same',
  { skip: canBeNobody ? false : 'this takes root, and a node that others may run' },
  (context) => {
    const box = openHost(context);
    chmodSync(box.directory, 0o755);
    box.write(
      'bin/virsh',
      '#!/bin/sh\necho "error: authentication unavailable: no polkit agent available" >&2\nexit 1\n',
      0o755,
    );
    const cli = (...args: string[]) =>
      spawnSync(process.execPath, ['dist/cli.cjs', ...args], { ...nobody, env: box.environment, encoding: 'utf8' });
    const { stdout } = cli('doctor');
    assert.match(stdout, /^skipped {2}udev: only root can ask whether it runs\n {9}run as root$/m);
    assert.match(stdout, /^ok {7}rules: /m);
    assert.match(stdout, /^failed {3}virsh: libvirt refuses access at qemu:\/\/\/system; run as root/m);
    const cleanup = cli('cleanup', '--yes', 'guest1');
    assert.equal(cleanup.status, 1);
    assert.match(cleanup.stderr, /libvirt refuses access at qemu:\/\/\/system; run as root/);
  },
);
