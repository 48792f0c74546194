import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import test, { type TestContext } from 'node:test';
import { addDomain } from '../fake/world.mjs';
import { openBox } from '../box.js';
import { whyNoProgram } from '../programs.js';

/** A host with two domains, a keyboard, and a stick behind a hub. */
function openHost(context: TestContext) {
  const box = openBox(context);
  box.libvirt((state) => addDomain(state, { name: 'my vm' }));
  box.plug({ port: 'usb1', number: 1, bus: 1, hub: true });
  box.plug({ port: '1-1', number: 2 });
  box.plug({ port: '1-4', number: 3, hub: true, product: 'QEMU USB Hub' });
  box.plug({ port: '1-4.2', number: 4, ids: '152d:2338', product: 'Stick' });
  return box;
}

const devices = ['1-1', '0627:0001', '1-4/...', '1-4.2', '152d:2338'];

for (const [typed, expected] of [
  [['li'], ['list', 'log', 'doctor']],
  [[], ['list']],
  [['list', ''], devices],
  [['list', '1-1', ''], devices],
  [['list', '--connect', ''], []],
  [['list', '--connect', 'qemu:///system', ''], devices],
  [
    ['list', '--'],
    ['--all', '--tree', '--json'],
  ],
  [
    ['log', '-'],
    ['-f', '--follow'],
  ],
  [
    ['log', ''],
    [...devices, 'guest1', 'my vm'],
  ],
  [
    ['cleanup', ''],
    ['guest1', 'my vm'],
  ],
  [
    ['cleanup', '--yes', ''],
    ['guest1', 'my vm'],
  ],
  [['cleanup', 'guest1', ''], []],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['nosuch', ''], []],
] as const) {
  test(`after "${typed.join(' ')}" the right words are offered`, async (context) => {
    const box = openHost(context);
    const { exitCode, stdout, stderr } = await box.cli(['__complete', '--', ...typed]);
    assert.deepEqual([exitCode, stderr], [0, '']);
    const words = stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
    for (const word of expected) assert.ok(words.includes(word), `${word}: ${stdout}`);
    if (expected.length === 0) assert.deepEqual(words, []);
  });
}

test('what a Tab stands for is told beside it', async (context) => {
  const box = openHost(context);
  const { stdout } = await box.cli(['__complete', '--', 'list', '']);
  assert.match(stdout, /^1-4\.2\tStick$/m);
  assert.match(stdout, /^1-4\/\.\.\.\tall behind QEMU USB Hub$/m);
});

test('without virsh and sysfs a Tab is silent', async (context) => {
  const box = openHost(context);
  rmSync(`${box.directory}/bin/virsh`);
  rmSync(`${box.directory}/sys`, { recursive: true });
  const { exitCode, stdout, stderr } = await box.cli(['__complete', '--', 'log', '']);
  assert.deepEqual([exitCode, stdout, stderr], [0, '', '']);
});

for (const [line, expected] of [
  ['usb-libvirt-hotplug cle', ['cleanup']],
  ['usb-libvirt-hotplug cleanup ', ['guest1', 'my\\ vm']],
  ['usb-libvirt-hotplug cleanup my\\ v', ['my\\ vm']],
  ['usb-libvirt-hotplug list 152d:', ['2338']],
  ['usb-libvirt-hotplug list 1-4', ['1-4/...', '1-4.2']],
  ['usb-libvirt-hotplug log --fo', ['--follow']],
] as const) {
  test(`bash completes "${line}"`, (context) => {
    const box = openHost(context);
    const command = `${box.directory}/bin/usb-libvirt-hotplug`;
    writeFileSync(command, `#!/bin/sh\nexec ${process.execPath} ${resolve('dist/cli.cjs')} "$@"\n`, { mode: 0o755 });
    const bash = spawnSync(
      'bash',
      [
        ...['--norc', '-c'],
        `source <(usb-libvirt-hotplug completion bash); COMP_LINE=$1; COMP_POINT=\${#1}; _usb_libvirt_hotplug usb-libvirt-hotplug; printf '%s\\n' "\${COMPREPLY[@]}"`,
        ...['bash', line],
      ],
      {
        env: { ...box.environment, PATH: `${box.directory}/bin:/usr/bin:/bin`, COMP_WORDBREAKS: ' \t\n"\'><=;|&(:' },
        encoding: 'utf8',
      },
    );
    assert.equal(bash.stderr, '');
    assert.deepEqual(bash.stdout.trimEnd().split('\n'), expected);
  });
}

for (const [shell, check] of [
  ['bash', ['bash', '-n']],
  ['zsh', ['zsh', '-n']],
  ['fish', ['fish', '--no-execute']],
] as const) {
  const skip = await whyNoProgram(shell);
  test(`the script for ${shell} is one`, { skip }, async (context) => {
    const box = openBox(context);
    const { exitCode, stdout } = await box.cli(['completion', shell]);
    assert.equal(exitCode, 0);
    writeFileSync(`${box.directory}/script`, stdout);
    const checked = spawnSync(check[0], [check[1], `${box.directory}/script`], { encoding: 'utf8' });
    assert.deepEqual([checked.status, checked.stderr], [0, '']);
  });
}

test('another shell is a usage error', async (context) => {
  const box = openBox(context);
  const { exitCode, stderr } = await box.cli(['completion', 'tcsh']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /Choices: "bash", "zsh", "fish"/);
});
