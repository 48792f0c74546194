import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { openBox } from './box.js';
import { whyNoProgram } from './programs.js';

const page = 'dist/usb-libvirt-hotplug.8';

test('the manual page tells of every verb and option that the help tells of', async (context) => {
  const box = openBox(context);
  const text = readFileSync(page, 'utf8').replaceAll('\\-', '-');
  const verbsIn = (help: string) => [...help.matchAll(/^ {2}usb-libvirt-hotplug (\S+)/gm)].map(([, verb = '']) => verb);
  const verbs = verbsIn((await box.cli(['--help'])).stdout);
  assert.ok(verbs.length >= 7);
  for (const verb of verbs) {
    assert.match(text, new RegExp(`^\\.SS ${verb}( |$)`, 'm'));
    const { stdout } = await box.cli([verb, '--help']);
    for (const [option = ''] of stdout.matchAll(/--[a-z][a-z-]+(?= {2})/g)) {
      assert.match(text, new RegExp(`^\\.B (-\\w, )?${option}( |$)`, 'm'), `${verb} ${option}`);
    }
  }
  assert.doesNotMatch(text, /__complete/);
  assert.match(text, /^\.SH EXIT CODES\n0 done, 1 failed, /m);
});

const skip = await whyNoProgram('groff', 'groff-base');

test('groff has nothing to say against it', { skip }, () => {
  const { status, stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-P-c', page], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  // groff prints bold by overstriking, and fills lines with blanks.
  // eslint-disable-next-line no-control-regex -- that is how
  const words = stdout.replace(/.\u0008/g, '').replace(/\s+/g, ' ');
  assert.match(words, / cleanup <domain> Remove what a running domain still holds /);
});
