import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

const captured = readFileSync('test/fixtures/virsh/dumpxml-attached.txt', 'utf8');
const attached = captured.slice(captured.indexOf('<domain'), captured.indexOf('</domain>') + '</domain>\n'.length);

test('a start, an end and a reconnect wake the worker and print nothing; nothing else does', (context) => {
  for (const [operation, wakes] of [
    ['started begin', true],
    ['release end', true],
    ['reconnect begin', true],
    ['prepare begin', false],
    ['start begin', false],
    ['stopped end', false],
    ['migrate begin', false],
    ['attach begin', false],
    ['', false],
  ] as const) {
    const hook = installHook(context);
    assert.deepEqual(hook.run(operation, attached), { exitCode: 0, stdout: '', stderr: '' });
    assert.equal(hook.isAwake(), wakes, operation);
  }
});

test('without our directory there is nobody to wake, and nothing fails', (context) => {
  const hook = installHook(context);
  rmSync(hook.runDirectory, { recursive: true });
  for (const operation of ['started begin', 'restore begin']) assert.equal(hook.run(operation, '').exitCode, 0);
  assert.ok(!existsSync(hook.runDirectory));
});

test('a run directory that takes no file fails no start and no restore', (context) => {
  const hook = installHook(context);
  mkdirSync(join(hook.runDirectory, 'wake'));
  for (const operation of ['started begin', 'release end', 'reconnect begin', 'restore begin'])
    assert.deepEqual([hook.run(operation, '').exitCode, hook.run(operation, '').stderr], [0, ''], operation);
});

test('at a restore a hostdev of ours comes back optional and without its number, and the rest as it was', (context) => {
  const { stdout, exitCode } = installHook(context).run('restore begin', attached);
  assert.equal(exitCode, 0);
  const before = "      <source>\n        <address bus='1' device='2'/>\n";
  assert.ok(attached.includes(before));
  assert.equal(stdout, attached.replace(before, '      <source startupPolicy="optional">\n'));
});

test("at a restore other people's hostdevs are left alone, and with none of ours nothing is printed", (context) => {
  const theirs = attached.replace('ua-usbhp-1-1-2', 'hostdev0');
  assert.equal(installHook(context).run('restore begin', theirs).stdout, '');
  const hostdev = / {4}<hostdev[\s\S]*?<\/hostdev>\n/.exec(theirs)?.[0] ?? assert.fail();
  const both = attached.replace('    <memballoon', `${hostdev}    <memballoon`);
  assert.ok(installHook(context).run('restore begin', both).stdout.includes(hostdev));
});

test('at a restore an empty line of a description stays', (context) => {
  const described = attached.replace('<uuid>', '<description>one\n\ntwo</description>\n  <uuid>');
  const { stdout } = installHook(context).run('restore begin', described);
  assert.match(stdout, /<description>one\n\ntwo<\/description>/);
  assert.match(stdout, /startupPolicy="optional"/);
});

test('at a restore what else is said of the source is kept, and what is harmless already stays', (context) => {
  const address = "        <address bus='1' device='2'/>\n";
  const reset = attached.replace('<source>', "<source guestReset='off'>");
  assert.equal(
    installHook(context).run('restore begin', reset).stdout,
    reset.replace('<source ', '<source startupPolicy="optional" ').replace(address, ''),
  );
  const harmless = attached.replace('<source>', "<source startupPolicy='optional' missing='yes'>").replace(address, '');
  assert.equal(installHook(context).run('restore begin', harmless).stdout, '');
});

test('at a restore anything odd is left as it is', (context) => {
  const address = "        <address bus='1' device='2'/>\n";
  for (const odd of [
    '',
    'no XML at all',
    attached.slice(0, attached.indexOf('</hostdev>')),
    attached.replace('<source>', '<source startupPolicy="mandatory">'),
    attached.replace(address, ''),
    attached.replace(address, `        <vendor id='0x1'/>\n${address}`),
    attached.replaceAll('\n', ''),
  ]) {
    assert.deepEqual(installHook(context).run('restore begin', odd), { exitCode: 0, stdout: '', stderr: '' }, odd);
  }
});

function installHook(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'usb-hotplug-qemu-hook-'));
  context.after(() => {
    rmSync(directory, { recursive: true });
  });
  const runDirectory = join(directory, 'run');
  mkdirSync(runDirectory);
  const script = join(directory, 'hook');
  writeFileSync(
    script,
    readFileSync('rules/qemu-hook', 'utf8').replace('run=/run/usb-libvirt-hotplug', `run=${runDirectory}`),
  );
  return {
    runDirectory,
    isAwake: () => existsSync(join(runDirectory, 'wake')),
    run(operation: string, input: string) {
      const { status, stdout, stderr } = spawnSync('sh', [script, 'my vm', ...operation.split(' '), '-'], {
        input,
        encoding: 'utf8',
        env: {},
      });
      return { exitCode: status, stdout, stderr };
    },
  };
}
