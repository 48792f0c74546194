// install.sh, run whole: into a DESTDIR, and on hosts made of a folder of links (see `host`),
// where it is root and may change what it likes. The machine that runs the tests is not changed.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const lib = '/usr/local/lib/usb-libvirt-hotplug';
const command = '/usr/local/bin/usb-libvirt-hotplug';
const rules = '/usr/lib/udev/rules.d/zz-usb-libvirt-hotplug.rules';
const units = '/usr/local/lib/systemd/system';
const isRoot = process.getuid?.() === 0;

let scratch: string;
before(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'install-test-'));
  fs.chmodSync(scratch, 0o755);
});
after(() => {
  fs.rmSync(scratch, { recursive: true, force: true });
});

// --- into a DESTDIR -------------------------------------------------------------------------

test('every file gets its place and its mode', () => {
  const { tree, destdir } = makeTree();
  const run = install(tree, destdir);
  assert.equal(run.status, 0, run.output);
  assert.deepEqual(
    listFiles(destdir),
    [
      '755 /etc/libvirt/hooks/qemu.d/usb-libvirt-hotplug',
      `755 ${command}`,
      `644 ${lib}/cli.cjs`,
      `755 ${lib}/hook`,
      `644 ${lib}/hook.cjs`,
      `644 ${lib}/hook.cjs.map`,
      `644 ${lib}/installed`,
      `644 ${lib}/service.cjs`,
      `644 ${lib}/unix_dgram.node`,
      `644 ${lib}/worker.cjs`,
      `644 ${units}/usb-libvirt-hotplug-missed.service`,
      `644 ${units}/usb-libvirt-hotplug.path`,
      `644 ${units}/usb-libvirt-hotplug.service`,
      '644 /usr/local/share/bash-completion/completions/usb-libvirt-hotplug',
      '644 /usr/local/share/doc/usb-libvirt-hotplug/LICENSE',
      '644 /usr/local/share/doc/usb-libvirt-hotplug/README.md',
      '644 /usr/local/share/fish/vendor_completions.d/usb-libvirt-hotplug.fish',
      '644 /usr/local/share/man/man8/usb-libvirt-hotplug.8',
      '644 /usr/local/share/zsh/site-functions/_usb-libvirt-hotplug',
      `644 ${rules}`,
    ].sort(byPath),
  );
});

test('the installed files name node and their own folder, and never DESTDIR', () => {
  const { tree, destdir } = makeTree();
  install(tree, destdir);
  for (const file of listFiles(destdir)
    .map(withoutMode)
    .filter((file) => !file.startsWith(`${lib}/installed`))) {
    const text = fs.readFileSync(destdir + file, 'utf8');
    assert.doesNotMatch(text, /@[A-Z]+@/, file);
    assert.ok(!text.includes(destdir), file);
  }
  assert.match(fs.readFileSync(destdir + rules, 'utf8'), new RegExp(`RUN\\+="${lib}/hook"`));
  for (const file of [command, `${lib}/hook`, `${units}/usb-libvirt-hotplug.service`]) {
    assert.ok(fs.readFileSync(destdir + file, 'utf8').includes(lib), file);
    assert.ok(fs.readFileSync(destdir + file, 'utf8').includes(process.execPath), file);
  }
});

test('installing again says that nothing changed, and leaves every file alike', () => {
  const { tree, destdir } = makeTree();
  install(tree, destdir);
  const first = snapshot(destdir);
  const run = install(tree, destdir);
  assert.equal(run.status, 0, run.output);
  assert.match(run.output, /nothing changed: everything was installed already/);
  assert.deepEqual(snapshot(destdir), first);
});

test('a mode that somebody changed is put right by installing again', () => {
  const { tree, destdir } = makeTree();
  install(tree, destdir);
  fs.chmodSync(`${destdir}${lib}/hook`, 0o600);
  install(tree, destdir);
  assert.equal(mode(`${destdir}${lib}/hook`), '755');
});

for (const prefix of [
  'usr',
  '',
  '/',
  '/a b',
  "/a'b",
  '/a"b',
  '/50%',
  '/$HOME',
  '/a\\b',
  '/a;b',
  '/a\nb',
  '/usr/../etc',
  '/usr//local',
  '/ünder',
]) {
  test(`the prefix ${JSON.stringify(prefix)} is refused, and nothing is written`, () => {
    const { tree, destdir } = makeTree();
    const run = install(tree, destdir, ['--prefix', prefix]);
    assert.equal(run.status, 2, run.output);
    assert.match(run.output, /--prefix/);
    assert.ok(!fs.existsSync(destdir));
  });
}

test('under another prefix everything is there, and the units are where systemd reads them', () => {
  const { tree, destdir } = makeTree();
  const run = install(tree, destdir, ['--prefix=/opt/hot-plug_1/']);
  assert.equal(run.status, 0, run.output);
  const files = listFiles(destdir).map(withoutMode);
  assert.ok(files.includes('/opt/hot-plug_1/bin/usb-libvirt-hotplug'));
  assert.ok(files.includes('/etc/systemd/system/usb-libvirt-hotplug.path'));
  assert.ok(files.includes(rules));
  assert.match(fs.readFileSync(destdir + rules, 'utf8'), /\/opt\/hot-plug_1\/lib\/usb-libvirt-hotplug\/hook/);
});

test('a second prefix on one host is refused, because the rules name one', () => {
  const { tree, destdir } = makeTree();
  install(tree, destdir);
  const first = snapshot(destdir);
  const run = install(tree, destdir, ['--prefix', '/opt/x']);
  assert.equal(run.status, 1);
  assert.match(run.output, /installed under \/usr\/local already/);
  assert.deepEqual(snapshot(destdir), first);
});

test('on a host that has only /lib/udev the rules go there', () => {
  const { tree, destdir } = makeTree();
  fs.mkdirSync(`${destdir}/lib/udev`, { recursive: true });
  install(tree, destdir);
  assert.ok(fs.existsSync(`${destdir}/lib/udev/rules.d/zz-usb-libvirt-hotplug.rules`));
  assert.ok(!fs.existsSync(`${destdir}/usr/lib/udev`));
});

test('somebody who is not root is told so, and nothing changes', () => {
  const { tree } = makeTree();
  const run = exec(['sh', `${tree}/install.sh`], {}, isRoot ? { uid: 65534, gid: 65534 } : {});
  assert.equal(run.status, 1, run.output);
  assert.match(run.output, /must run as root/);
  assert.match(run.output, /Nothing was changed/);
});

for (const [version, verdict] of [
  ['v12.22.9', /is node 12\.22\.9, which is too old: 18\.19 to 26 is needed/],
  ['v18.18.2', /is node 18\.18\.2, which is too old/],
  ['v27.0.0', /is node 27\.0\.0, which is newer/],
  ['', /does not say a version when run with an empty environment/],
] as const) {
  test(`a node that answers ${JSON.stringify(version)} is named and refused`, () => {
    const { tree, destdir, directory } = makeTree();
    const node = fakeNode(directory, version);
    const run = install(tree, destdir, ['--node', node]);
    assert.equal(run.status, 1);
    assert.match(run.output, verdict);
    assert.ok(run.output.includes(node));
    assert.ok(!fs.existsSync(destdir));
  });
}

for (const version of ['v18.19.0', 'v26.3.1', 'v24.0.0-nightly']) {
  test(`a node that answers ${version} fits`, () => {
    const { tree, destdir, directory } = makeTree();
    const run = install(tree, destdir, [], { NODE: fakeNode(directory, version) });
    assert.equal(run.status, 0, run.output);
    assert.ok(run.output.includes(`node ${version.slice(1)} at ${directory}/node`));
  });
}

test('a node that is not there is named', () => {
  const { tree, destdir } = makeTree();
  const run = install(tree, destdir, ['--node=/nowhere/node']);
  assert.equal(run.status, 1);
  assert.match(run.output, /\/nowhere\/node, is not a program/);
});

test('an addon built for another node is told, with what it means', () => {
  const { tree, destdir } = makeTree();
  const run = install(tree, destdir);
  assert.equal(run.status, 0);
  assert.match(run.output, /warning: the syslog addon does not load.*logger\(1\) instead/);
});

test('a built tree is installed without npm, and so without a network', () => {
  const { tree, destdir, directory } = makeTree();
  fakeProgram(directory, 'npm', `touch ${directory}/npm-was-called; exit 1`);
  const run = install(tree, destdir, [], { NODE: fakeNode(directory, 'v20.1.0') });
  assert.equal(run.status, 0, run.output);
  assert.ok(!fs.existsSync(`${directory}/npm-was-called`));
});

test('a tree that is not built is built first', () => {
  const { tree, destdir, directory } = makeTree();
  fs.renameSync(`${tree}/dist`, `${directory}/built`);
  fakeProgram(directory, 'npm', `echo "npm $*" >>${directory}/log; [ "$1" != run ] || cp -r ${directory}/built dist`);
  const run = install(tree, destdir, [], { NODE: fakeNode(directory, 'v20.1.0') });
  assert.equal(run.status, 0, run.output);
  assert.match(fs.readFileSync(`${directory}/log`, 'utf8'), /^npm ci .*\nnpm run build\n$/);
  assert.ok(fs.existsSync(`${destdir}${lib}/hook.cjs`));
});

test("a person's tree is built as that person, not as root", { skip: !isRoot }, () => {
  const { tree, destdir, directory } = makeTree();
  fs.rmSync(`${tree}/dist`, { recursive: true });
  fs.chownSync(tree, 65534, 65534);
  fakeProgram(
    directory,
    'npm',
    'echo "built by $(id -u) in $HOME"; mkdir -p dist; cd dist; touch cli.cjs hook.cjs service.cjs',
  );
  const run = install(tree, destdir, [], { NODE: fakeNode(directory, 'v20.1.0') });
  assert.equal(run.status, 0, run.output);
  assert.match(run.output, /built by 65534 in (?!\/root)/);
});

test('a build that fails installs nothing', () => {
  const { tree, destdir, directory } = makeTree();
  fs.rmSync(`${tree}/dist`, { recursive: true });
  fakeProgram(directory, 'npm', 'exit 1');
  const run = install(tree, destdir, [], { NODE: fakeNode(directory, 'v20.1.0') });
  assert.equal(run.status, 1);
  assert.match(run.output, /the build failed/);
  assert.ok(!fs.existsSync(destdir));
});

test('sources newer than what was built are pointed out', () => {
  const { tree, destdir } = makeTree();
  fs.mkdirSync(`${tree}/src`);
  fs.writeFileSync(`${tree}/src/hook.ts`, '');
  fs.utimesSync(`${tree}/dist/hook.cjs`, 1, 1);
  assert.match(install(tree, destdir).output, /warning: .*src\/hook\.ts is newer than dist/);
});

test('a folder that cannot be written leaves everything as it was', () => {
  const { tree, destdir } = makeTree();
  fs.mkdirSync(`${destdir}/usr/local`, { recursive: true });
  fs.writeFileSync(`${destdir}/usr/local/share`, 'not a folder');
  const first = snapshot(destdir);
  const run = install(tree, destdir);
  assert.equal(run.status, 1);
  assert.match(run.output, /Nothing was changed/);
  assert.deepEqual(snapshot(destdir), first);
});

test('an upgrade changes what is new and removes what the new version no longer has', () => {
  const { tree, destdir } = makeTree();
  install(tree, destdir);
  fs.writeFileSync(`${tree}/dist/hook.cjs`, '// new');
  fs.rmSync(`${tree}/dist/worker.cjs`);
  const run = install(tree, destdir);
  assert.match(run.output, /changed: .*hook\.cjs\n/);
  assert.match(run.output, /removed: .*worker\.cjs\n/);
  assert.equal(fs.readFileSync(`${destdir}${lib}/hook.cjs`, 'utf8'), '// new');
  assert.ok(!fs.existsSync(`${destdir}${lib}/worker.cjs`));
  assert.ok(fs.existsSync(`${destdir}${lib}/hook`));
});

for (const file of [rules, command, `${units}/usb-libvirt-hotplug.service`]) {
  test(`${path.basename(file)}, changed by its user, survives an upgrade and an uninstall`, () => {
    const { tree, destdir } = makeTree();
    install(tree, destdir);
    fs.writeFileSync(destdir + file, `# mine, ${lib}/hook`);
    const upgrade = install(tree, destdir);
    assert.equal(upgrade.status, 0, upgrade.output);
    assert.match(upgrade.output, /warning: .* it is yours and stays/);
    const removal = install(tree, destdir, ['--uninstall']);
    assert.match(removal.output, /left: .*, which is not as install\.sh put it/);
    assert.equal(fs.readFileSync(destdir + file, 'utf8'), `# mine, ${lib}/hook`);
  });
}

test("a user's own file that was there before is not overwritten", () => {
  const { tree, destdir } = makeTree();
  fs.mkdirSync(`${destdir}/usr/local/bin`, { recursive: true });
  fs.writeFileSync(destdir + command, 'mine');
  fs.mkdirSync(`${destdir}/etc/systemd/system`, { recursive: true });
  fs.symlinkSync('/dev/null', `${destdir}/etc/systemd/system/usb-libvirt-hotplug.path`);
  install(tree, destdir);
  install(tree, destdir, ['--uninstall']);
  assert.equal(fs.readFileSync(destdir + command, 'utf8'), 'mine');
  assert.equal(fs.readlinkSync(`${destdir}/etc/systemd/system/usb-libvirt-hotplug.path`), '/dev/null');
});

test('a program file changed by hand is replaced, and the change is kept beside it', () => {
  const { tree, destdir } = makeTree();
  install(tree, destdir);
  fs.writeFileSync(`${destdir}${lib}/cli.cjs`, '// patched');
  const run = install(tree, destdir);
  assert.match(run.output, /warning: .*cli\.cjs was changed by hand: your version is kept as/);
  assert.doesNotMatch(fs.readFileSync(`${destdir}${lib}/cli.cjs`, 'utf8'), /patched/);
  const aside = fs.readdirSync(destdir + lib).find((name) => name.startsWith('cli.cjs.yours-'));
  assert.equal(fs.readFileSync(`${destdir}${lib}/${aside}`, 'utf8'), '// patched');
});

test('an upgrade that was cut short is finished by the next', () => {
  const { tree, destdir } = makeTree();
  install(tree, destdir);
  fs.appendFileSync(`${tree}/rules/zz-usb-libvirt-hotplug.rules`, '# 2\n');
  fs.appendFileSync(`${tree}/rules/hook`, '# 2\n');
  const cut = install(tree, destdir, [], { PATH: `${dyingMv(destdir, 1)}:${process.env['PATH']}` });
  assert.notEqual(cut.status, 0);
  assert.match(fs.readFileSync(`${destdir}${lib}/hook`, 'utf8'), /# 2/);
  fs.appendFileSync(`${tree}/rules/hook`, '# 3\n');
  const run = install(tree, destdir);
  assert.doesNotMatch(run.output, /yours/);
  assert.match(fs.readFileSync(`${destdir}${lib}/hook`, 'utf8'), /# 3/);
  assert.match(fs.readFileSync(`${destdir}${rules}`, 'utf8'), /# 2/);
  assert.deepEqual(
    listFiles(destdir).filter((line) => line.includes('.new')),
    [],
  );
});

test('uninstall removes exactly what install put, and leaves the files of others beside it', () => {
  const { tree, destdir } = makeTree();
  for (const file of [
    '/usr/local/bin/other',
    `${units}/other.service`,
    '/usr/lib/udev/rules.d/90-other.rules',
    `${lib}/notes.txt`,
  ]) {
    fs.mkdirSync(path.dirname(destdir + file), { recursive: true });
    fs.writeFileSync(destdir + file, 'theirs');
  }
  const first = snapshot(destdir);
  install(tree, destdir);
  assert.notDeepEqual(snapshot(destdir), first);
  const run = install(tree, destdir, ['--uninstall']);
  assert.equal(run.status, 0, run.output);
  assert.deepEqual(snapshot(destdir), first);
});

test('uninstall takes away the folders that install made', () => {
  const { tree, destdir } = makeTree();
  fs.mkdirSync(destdir);
  install(tree, destdir, ['--prefix', '/opt/deep/er']);
  install(tree, destdir, ['--prefix', '/opt/deep/er', '--uninstall']);
  assert.deepEqual(fs.readdirSync(destdir), []);
});

test('uninstall names the rules that still call us by file and line, and leaves them', () => {
  const { tree, destdir } = makeTree();
  const rule = `${destdir}/etc/udev/rules.d/99-vm.rules`;
  const text = `# RUN+="${lib}/hook off"\nSUBSYSTEM=="usb", RUN+="${lib}/hook win10"\nENV{USB_LIBVIRT_DOMAIN}="win11"\nKERNEL=="sda"\n`;
  fs.mkdirSync(path.dirname(rule), { recursive: true });
  fs.writeFileSync(rule, text);
  install(tree, destdir);
  const run = install(tree, destdir, ['--uninstall']);
  assert.ok(run.output.includes(`${rule}:2:`), run.output);
  assert.ok(run.output.includes(`${rule}:3:`));
  assert.ok(!run.output.includes(`${rule}:1:`));
  assert.ok(!run.output.includes(`${rule}:4:`));
  assert.equal(fs.readFileSync(rule, 'utf8'), text);
});

test('uninstalling what is not installed says so', () => {
  const { tree, destdir } = makeTree();
  const run = install(tree, destdir, ['--uninstall']);
  assert.equal(run.status, 0);
  assert.match(run.output, /is not installed under \/usr\/local: there is nothing to remove/);
});

test('a rule that calls the old script is named with the path it needs', () => {
  const { tree, destdir } = makeTree();
  const rule = `${destdir}/etc/udev/rules.d/99-old.rules`;
  fs.mkdirSync(path.dirname(rule), { recursive: true });
  fs.writeFileSync(rule, 'RUN+="/opt/usb-libvirt-hotplug/usb-libvirt-hotplug.sh testvm-16.04"\n');
  const run = install(tree, destdir);
  assert.ok(run.output.includes(`${rule}:1:`));
  assert.ok(run.output.includes(`change the one path to ${lib}/hook`));
});

test('the last line is a rule to begin with', () => {
  const { tree, destdir } = makeTree();
  assert.match(
    install(tree, destdir).output,
    /ENV\{USB_LIBVIRT_DOMAIN\}="my-domain"\nthen, for what is plugged in already: usb-libvirt-hotplug sync --rescan\n$/,
  );
});

for (const args of [['--frobnicate'], ['now'], ['--keep'], ['--prefix']]) {
  test(`install.sh ${args.join(' ')} shows how it is used`, () => {
    const { tree, destdir } = makeTree();
    const run = install(tree, destdir, args);
    assert.equal(run.status, 2);
    assert.match(run.output, /usage: install\.sh/);
  });
}

// --- on a whole host ------------------------------------------------------------------------

/** A mount namespace of our own; who is not root becomes root inside it. */
const namespace = isRoot ? ['--mount'] : ['--mount', '--map-root-user'];
const skip = canMakeHosts() ? false : 'unshare(1) may not make a mount namespace here';

test('on a host with systemd the units are enabled and started, and the self-check is content', { skip }, () => {
  const host = makeHost();
  const run = host.install();
  assert.equal(run.status, 0, run.output);
  for (const line of [
    /node [\d.]+ at \/usr\/bin\/node/,
    /virsh 9\.0\.0 at \/usr\/bin\/virsh/,
    /ok: the hook runs \(/,
    /ok: the hook runs in a sandbox like udev's/,
    /ok: udev's rules are in \/usr\/lib\/udev\/rules\.d\/zz-usb-libvirt-hotplug\.rules/,
    /ok: usb-libvirt-hotplug\.path is active/,
    /ok: virsh reaches qemu:\/\/\/system/,
  ])
    assert.match(run.output, line);
  assert.doesNotMatch(run.output, /FAILED/);
  assert.deepEqual(host.calls(), [
    'udevadm control --reload',
    'systemctl -q is-active libvirtd.service',
    'systemctl reload libvirtd.service',
    'systemctl -q is-active virtqemud.service',
    'systemctl reload virtqemud.service',
    'systemctl daemon-reload',
    'systemctl -q enable usb-libvirt-hotplug.path usb-libvirt-hotplug.service usb-libvirt-hotplug-missed.service',
    'systemctl -q stop usb-libvirt-hotplug.service',
    'systemctl restart usb-libvirt-hotplug.path',
    'systemctl --no-block start usb-libvirt-hotplug.service usb-libvirt-hotplug-missed.service',
    'systemctl is-active --quiet usb-libvirt-hotplug.path',
    'virsh --connect qemu:///system uri',
  ]);
});

const built = fs.existsSync(`${project}/dist/hook.cjs`);
test(
  'the program as it was built passes the self-check',
  { skip: skip || (built ? false : 'dist/ is not built') },
  () => {
    const host = makeHost();
    fs.rmSync(host.at('/src/dist'), { recursive: true });
    fs.cpSync(`${project}/dist`, host.at('/src/dist'), { recursive: true });
    const run = host.install();
    assert.equal(run.status, 0, run.output);
    assert.match(run.output, /ok: the hook runs \(usb-libvirt-hotplug [\d.]+ on Node [\d.]+\)/);
    if (fs.existsSync(`${project}/dist/unix_dgram.node`)) assert.match(run.output, /ok: the syslog addon loads/);
  },
);

test('a second install with nothing new does not stop the worker', { skip }, () => {
  const host = makeHost();
  host.install();
  host.forgetCalls();
  const run = host.install();
  assert.equal(run.status, 0, run.output);
  assert.match(run.output, /nothing changed/);
  assert.ok(!host.calls().includes('systemctl -q stop usb-libvirt-hotplug.service'));
});

test('without systemd all but the units is installed, and what that means is said', { skip }, () => {
  const host = makeHost();
  fs.rmSync(host.at('/run/systemd'), { recursive: true });
  const run = host.install();
  assert.equal(run.status, 0, run.output);
  assert.match(run.output, /no systemd here: the units were not installed\. The hook then does the work itself/);
  assert.ok(!fs.existsSync(host.at(units)));
  assert.ok(!host.calls().some((call) => call.startsWith('systemctl')));
});

test('a missing node and a missing virsh are installed with apt-get, and the command is said', { skip }, () => {
  const host = makeHost();
  host.remove('node', 'virsh');
  host.program('virsh.deb', '');
  host.program(
    'apt-get',
    `ln -s "/host${fs.realpathSync(process.execPath)}" /usr/bin/node; mv /usr/bin/virsh.deb /usr/bin/virsh`,
  );
  const run = host.install();
  assert.equal(run.status, 0, run.output);
  assert.match(run.output, /running: .*apt-get install -y --no-install-recommends nodejs libvirt-clients\n/);
  assert.ok(run.output.indexOf('running:') < run.output.indexOf('node 2'));
});

test('--no-packages installs no package, and names the one that is missing', { skip }, () => {
  const host = makeHost();
  host.remove('virsh');
  host.program('dnf', '');
  const run = host.install('--no-packages');
  assert.equal(run.status, 1);
  assert.match(run.output, /virsh is missing: install it \(dnf, package libvirt-client\)/);
  assert.deepEqual(host.calls(), []);
  assert.ok(!fs.existsSync(host.at(lib)));
});

test('no node at all is an error with a remedy', { skip }, () => {
  const host = makeHost();
  host.remove('node');
  const run = host.install();
  assert.equal(run.status, 1);
  assert.match(run.output, /no node that fits was found: install Node 18\.19 to 26 .*--node/);
  assert.ok(!fs.existsSync(host.at(lib)));
});

test('of two nodes the first that fits is used, and the other is named once with its version', { skip }, () => {
  const host = makeHost();
  host.remove('node');
  host.program('node', 'echo v16.20.2');
  fs.symlinkSync('node', host.at('/usr/bin/nodejs'));
  fs.mkdirSync(host.at('/usr/local/bin'), { recursive: true });
  fs.symlinkSync(`/host${fs.realpathSync(process.execPath)}`, host.at('/usr/local/bin/node'));
  const run = host.install();
  assert.equal(run.status, 0, run.output);
  assert.equal(run.output.match(/is node 16\.20\.2, which is too old/g)?.length, 1);
  assert.match(run.output, /node [\d.]+ at \/usr\/local\/bin\/node/);
});

test("busybox's flock does not do, and util-linux is named", { skip }, () => {
  const host = makeHost();
  host.remove('flock');
  host.program('flock', 'exit 1');
  const run = host.install();
  assert.equal(run.status, 1);
  assert.match(run.output, /flock, the one of util-linux, is missing/);
});

test('a host without udev is an error', { skip }, () => {
  const host = makeHost();
  host.remove('udevadm');
  const run = host.install();
  assert.equal(run.status, 1);
  assert.match(run.output, /udevadm is missing/);
});

test('a libvirtd that is down is a warning, not a failure', { skip }, () => {
  const host = makeHost();
  host.program('virsh', '[ "$1" = --version ] || { echo "error: failed to connect to the hypervisor" >&2; exit 1; }');
  const run = host.install();
  assert.equal(run.status, 0, run.output);
  assert.match(run.output, /warning: virsh does not reach its hypervisor \(error: failed to connect/);
});

test('a hook that does not run, and a path unit that is not active, are failures', { skip }, () => {
  const host = makeHost();
  fs.writeFileSync(host.at('/src/rules/hook'), '#!/bin/sh\n# @NODE@ @LIB@\necho broken >&2\nexit 3\n');
  host.program('systemctl', 'case "$*" in *is-active*) exit 3 ;; esac');
  const run = host.install();
  assert.equal(run.status, 1);
  assert.match(run.output, /FAILED: .*hook --version: broken: /);
  assert.match(run.output, /FAILED: usb-libvirt-hotplug\.path is not active/);
});

test('a hook that dies only in a sandbox is a failure', { skip }, () => {
  const host = makeHost();
  host.program('systemd-run', 'echo Trace/breakpoint trap; exit 133');
  const run = host.install();
  assert.equal(run.status, 1);
  assert.match(run.output, /FAILED: the hook does not run in a sandbox like udev's: Trace/);
});

test('a reload that fails is told and does not stop the installation', { skip }, () => {
  const host = makeHost();
  host.program('udevadm', 'exit 2');
  const run = host.install();
  assert.equal(run.status, 0, run.output);
  assert.match(run.output, /warning: 'udevadm control --reload' failed \(status 2\)/);
  assert.match(run.output, /ok: usb-libvirt-hotplug\.path is active/);
});

test('what SELinux and AppArmor do is said', { skip }, () => {
  const host = makeHost();
  assert.match(host.install().output, /SELinux: not present\nAppArmor: not enabled\n/);
  host.write('/sys/fs/selinux/enforce', '1');
  host.write('/sys/module/apparmor/parameters/enabled', 'Y\n');
  assert.match(host.install().output, /SELinux is enforcing, and restorecon is missing/);
  host.program('restorecon', '');
  const run = host.install();
  assert.match(run.output, /SELinux is enforcing: .*ausearch -m avc -ts recent/);
  assert.match(run.output, /AppArmor is enabled: .*journalctl -k -g apparmor/);
  assert.ok(host.calls().some((call) => call.startsWith(`restorecon -R ${lib} `)));
});

test("a user's own rules file, unit and drop-in are left and named", { skip }, () => {
  const host = makeHost();
  const own = [
    '/etc/udev/rules.d/zz-usb-libvirt-hotplug.rules',
    '/etc/systemd/system/usb-libvirt-hotplug.service',
    '/etc/systemd/system/usb-libvirt-hotplug.path.d/mine.conf',
  ];
  for (const file of own) host.write(file, 'mine');
  const run = host.install();
  assert.match(run.output, /warning: \/etc\/udev\/rules\.d\/zz-usb-libvirt-hotplug\.rules is used instead of/);
  assert.match(run.output, /yours, left as it is: \/etc\/systemd\/system\/usb-libvirt-hotplug\.service\n/);
  assert.match(run.output, /yours, left as it is: \/etc\/systemd\/system\/usb-libvirt-hotplug\.path\.d\n/);
  host.install('--uninstall');
  for (const file of own) assert.equal(fs.readFileSync(host.at(file), 'utf8'), 'mine');
});

test("under /opt the units go to /etc/systemd/system, where a user's own one stays", { skip }, () => {
  const host = makeHost();
  const own = '/etc/systemd/system/usb-libvirt-hotplug.service';
  host.write(own, 'mine');
  const run = host.install('--prefix', '/opt/usb');
  assert.equal(run.status, 0, run.output);
  assert.match(run.output, /warning: \/opt\/usb is under \/opt, which may not be mounted yet/);
  assert.match(
    run.output,
    /warning: \/etc\/systemd\/system\/usb-libvirt-hotplug\.service is not as install\.sh left it/,
  );
  host.install('--uninstall', '--prefix', '/opt/usb');
  assert.equal(fs.readFileSync(host.at(own), 'utf8'), 'mine');
  assert.ok(!fs.existsSync(host.at('/opt')));
});

test('uninstall detaches, stops, removes, and leaves nothing', { skip }, () => {
  const host = makeHost();
  host.install();
  host.write('/run/usb-libvirt-hotplug/wake', '');
  host.forgetCalls();
  const run = host.install('--uninstall');
  assert.equal(run.status, 0, run.output);
  assert.deepEqual(host.calls(), [
    'cli detach --all',
    'systemctl -q disable --now usb-libvirt-hotplug.path usb-libvirt-hotplug.service usb-libvirt-hotplug-missed.service',
    'systemctl daemon-reload',
    'systemctl -q reset-failed usb-libvirt-hotplug.path usb-libvirt-hotplug.service usb-libvirt-hotplug-missed.service',
    'udevadm control --reload',
    'virsh --connect qemu:///system list --uuid --name',
  ]);
  for (const gone of [lib, command, rules, units, '/run/usb-libvirt-hotplug']) {
    assert.ok(!fs.existsSync(host.at(gone)), gone);
  }
});

test('uninstall --keep detaches nothing, and says what stays attached', { skip }, () => {
  const host = makeHost();
  host.install();
  host.virshWithOneAttached();
  host.forgetCalls();
  const run = host.install('--uninstall', '--keep');
  assert.equal(run.status, 0, run.output);
  assert.ok(!host.calls().includes('cli detach --all'));
  assert.match(
    run.output,
    /still attached to win 10: ua-usbhp-1-1_2-37\. To take it back: virsh detach-device-alias 1111-22 ua-usbhp-1-1_2-37 --live/,
  );
});

test('a detach that fails does not stop the uninstall, but it is told with what is left', { skip }, () => {
  const host = makeHost();
  fs.writeFileSync(host.at('/src/dist/cli.cjs'), 'process.exit(1)');
  host.install();
  host.virshWithOneAttached();
  const run = host.install('--uninstall');
  assert.equal(run.status, 1);
  assert.match(run.output, /FAILED: .*detach --all' failed \(status 1\)/);
  assert.match(run.output, /still attached to win 10: ua-usbhp-1-1_2-37/);
  assert.ok(!fs.existsSync(host.at(lib)));
});

// --- a source tree --------------------------------------------------------------------------

/** The project as somebody has it who got it built: the real install.sh and rules/, a small dist/. */
function makeTree(directory = fs.mkdtempSync(path.join(scratch, 'tree-'))) {
  fs.chmodSync(directory, 0o755);
  const tree = path.join(directory, 'src');
  fs.mkdirSync(`${tree}/dist`, { recursive: true });
  fs.cpSync(`${project}/rules`, `${tree}/rules`, { recursive: true });
  fs.cpSync(`${project}/install.sh`, `${tree}/install.sh`);
  for (const [file, text] of Object.entries({
    'README.md': 'read me\n',
    LICENSE: 'MIT\n',
    'dist/cli.cjs': `require('node:fs').appendFileSync('/log', 'cli ' + process.argv.slice(2).join(' ') + '\\n')\n`,
    'dist/hook.cjs': `console.log('0.1.0')\n`,
    'dist/hook.cjs.map': '{}\n',
    'dist/service.cjs': '\n',
    'dist/worker.cjs': '\n',
    'dist/unix_dgram.node': 'for another ABI\n',
    'dist/usb-libvirt-hotplug.8': '.TH\n',
    'dist/usb-libvirt-hotplug.bash': '# bash\n',
    'dist/usb-libvirt-hotplug.fish': '# fish\n',
    'dist/usb-libvirt-hotplug.zsh': '#compdef\n',
  }))
    fs.writeFileSync(`${tree}/${file}`, text);
  return { directory, tree, destdir: path.join(directory, 'destdir') };
}

function install(
  tree: string,
  destdir: string,
  args: readonly string[] = [],
  environment: Record<string, string> = {},
) {
  return exec(['sh', `${tree}/install.sh`, ...args], { DESTDIR: destdir, NODE: process.execPath, ...environment });
}

function exec(argv: readonly string[], environment: Record<string, string>, user: { uid?: number; gid?: number } = {}) {
  const run = spawnSync('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...argv], {
    ...user,
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status: run.status, output: run.stdout };
}

function fakeProgram(directory: string, name: string, script: string): string {
  const file = path.join(directory, name);
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

function fakeNode(directory: string, version: string): string {
  return fakeProgram(directory, 'node', `[ "$1" != --version ] || echo ${version}`);
}

/** A mv that does its work `times` times for files other than the manifest, and then fails. */
function dyingMv(destdir: string, times: number): string {
  const bin = fs.mkdtempSync(path.join(scratch, 'bin-'));
  const count = path.join(bin, 'count');
  fs.writeFileSync(count, '');
  fakeProgram(
    bin,
    'mv',
    `
    case "$*" in *${destdir}${lib}/installed) ;; *)
      [ "$(wc -c <${count})" -lt ${times} ] || exit 1
      printf x >>${count}
    esac
    PATH=${process.env['PATH']} exec mv "$@"`,
  );
  return bin;
}

const mode = (file: string) => (fs.lstatSync(file).mode & 0o7777).toString(8);
const withoutMode = (line: string) => line.replace(/^\d+ /, '');
const byPath = (a: string, b: string) => (a.slice(4) < b.slice(4) ? -1 : 1);

function listFiles(root: string): string[] {
  return walk(root)
    .filter((file) => !fs.lstatSync(root + file).isDirectory())
    .map((file) => `${mode(root + file)} ${file}`)
    .sort(byPath);
}

function snapshot(root: string): string[] {
  return walk(root).map((file) => {
    const stat = fs.lstatSync(root + file);
    return stat.isFile()
      ? `${file} ${mode(root + file)} ${stat.ino} ${stat.mtimeMs} ${fs.readFileSync(root + file, 'utf8')}`
      : `${file} ${mode(root + file)}`;
  });
}

function walk(root: string): string[] {
  return fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((file) => `/${file}`)
    .sort();
}

// --- a host ---------------------------------------------------------------------------------

function canMakeHosts(): boolean {
  return spawnSync('unshare', [...namespace, 'mount', '--rbind', '/', '/mnt']).status === 0;
}

function find(program: string): string {
  return fs.realpathSync(execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).trim());
}

/**
 * A root folder in which a chroot finds a host: the machine's own tools by links, and nothing else
 * of it; udev, systemd and libvirt are scripts that write down how they were called.
 */
function makeHost() {
  const directory = fs.mkdtempSync(path.join(scratch, 'host-'));
  const at = (file: string) => directory + file;
  const folders = [
    '/host',
    '/usr/bin',
    '/usr/lib/udev/rules.d',
    '/usr/local',
    '/etc',
    '/run/systemd/system',
    '/sys',
    '/tmp',
  ];
  for (const folder of folders) fs.mkdirSync(at(folder), { recursive: true });
  for (const [link, target] of [
    ['/bin', 'usr/bin'],
    ['/dev', 'host/dev'],
    ['/proc', 'host/proc'],
  ] as const) {
    fs.symlinkSync(target, at(link));
  }
  for (const folder of ['/lib', '/lib64', '/usr/lib64'].filter((name) => fs.existsSync(name))) {
    const merged = fs.lstatSync(folder).isSymbolicLink();
    fs.symlinkSync(merged ? fs.readlinkSync(folder) : `/host${folder}`, at(folder));
  }
  for (const name of fs.readdirSync('/usr/lib').filter((name) => name !== 'udev' && name !== 'systemd')) {
    fs.symlinkSync(`/host/usr/lib/${name}`, at(`/usr/lib/${name}`));
  }
  for (const tool of [
    'sh',
    'cat',
    'chmod',
    'chown',
    'cp',
    'cut',
    'date',
    'dirname',
    'env',
    'find',
    'flock',
    'grep',
    'head',
    'id',
    'ln',
    'ls',
    'mkdir',
    'mv',
    'readlink',
    'rm',
    'rmdir',
    'sed',
    'sha256sum',
    'sort',
    'stat',
    'timeout',
    'touch',
  ]) {
    fs.symlinkSync(`/host${find(tool)}`, at(`/usr/bin/${tool}`));
  }
  fs.symlinkSync(`/host${fs.realpathSync(process.execPath)}`, at('/usr/bin/node'));
  makeTree(directory);

  const host = {
    at,
    write(file: string, text: string) {
      fs.mkdirSync(path.dirname(at(file)), { recursive: true });
      fs.writeFileSync(at(file), text);
    },
    program(name: string, script: string) {
      fakeProgram(at('/usr/bin'), name, `echo "${name} $*" >>/log\n${script}`);
    },
    remove(...programs: string[]) {
      for (const program of programs) fs.rmSync(at(`/usr/bin/${program}`));
    },
    virshWithOneAttached() {
      host.program(
        'virsh',
        `case $3 in
        list) echo '1111-22 win 10'; echo ;;
        dumpxml) echo "<alias name='hostdev0'/><alias name='ua-usbhp-1-1_2-37'/>" ;;
        esac`,
      );
    },
    install(...args: string[]) {
      const script =
        'mount --rbind / "$1/host" && cd / && root=$1 && shift && exec chroot "$root" /usr/bin/sh /src/install.sh "$@"';
      return exec(['unshare', ...namespace, 'sh', '-c', script, 'sh', directory, ...args], {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      });
    },
    calls: () => (fs.existsSync(at('/log')) ? fs.readFileSync(at('/log'), 'utf8').split('\n').slice(0, -1) : []),
    forgetCalls() {
      fs.rmSync(at('/log'), { force: true });
    },
  };
  for (const name of ['systemctl', 'udevadm', 'logger']) host.program(name, '');
  fakeProgram(at('/usr/bin'), 'systemd-run', 'while [ "${1#/}" = "$1" ]; do shift; done; exec "$@"');
  fakeProgram(
    at('/usr/bin'),
    'virsh',
    '[ "$1" != --version ] || { echo 9.0.0; exit; }\necho "virsh $*" >>/log\n[ "$3" != uri ] || echo qemu:///system',
  );
  return host;
}
