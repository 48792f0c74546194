import { basename } from 'node:path';
import { failed, ok, skipped, warning, type Check, type Result } from '../core/finding.js';
import { printable } from '../core/message.js';
import { findRuleMistakes } from '../core/rule-mistakes.js';
import { ownRules, parseRules } from '../core/rules-text.js';
import { hookOf } from '../host/installation.js';
import { programIn } from '../host/program.js';
import { readRulesFiles, type RulesFile } from '../host/rules-files.js';
import { readPlugged } from '../host/sysfs.js';
import { openUdev } from '../host/udev.js';
import { wantFilesIn } from '../host/want-files.js';
import type { Ground } from './ground.js';

const limitMs = 20_000;
const rescan = 'usb-libvirt-hotplug sync --rescan';

/** The rules that come with this program, and what people wrote beside them. */
export function rulesChecks(ground: Ground): Check[] {
  return [
    { title: 'rules', run: () => checkOwnRules(ground) },
    { title: "rules' syntax", run: () => verify(ground) },
    { title: 'udev', run: () => checkUdev(ground) },
    { title: 'your rules', run: () => checkTheirRules(ground) },
    { title: 'devices', run: () => checkDevices(ground) },
  ];
}

function checkOwnRules({ installation }: Ground): Result {
  const own = readRulesFiles(installation.rulesDirectories).find(({ path }) => basename(path) === ownRules);
  if (own === undefined) {
    return failed(`${ownRules} is in none of ${installation.rulesDirectories.join(', ')}`, 'run install.sh again');
  }
  if (!own.text.includes(`"${hookOf(installation)}"`)) {
    return failed(`${own.path} does not run ${hookOf(installation)}`, 'move it away, and run install.sh again');
  }
  const [first = ''] = installation.rulesDirectories;
  return own.path.startsWith(`${first}/`)
    ? warning(`${own.path} is used in place of the one that was installed`, 'remove it, unless that is what you want')
    : ok(own.path);
}

/** `udevadm verify` came with systemd 254. */
async function verify(ground: Ground): Promise<Result> {
  const paths = relevantFiles(ground).map(({ path }) => path);
  if (paths.length === 0) return skipped('there are no rules about USB devices and domains');
  const { kind, stdout, stderr } = await programIn(ground.places.path, 'udevadm')(['verify', ...paths], limitMs);
  if (kind === 'missing') return failed('udevadm was not found', 'install udev');
  if (/[Uu]nknown command verb/.test(stderr)) return skipped('this udev is older than 254, and verifies no rules');
  // It fails for blanks and commas too, which do no harm: "FILE.rules:1 style: …".
  const complaint = `${stderr}\n${stdout}`.split('\n').find((line) => /\.rules:\d+ (?!style:)/.test(line));
  return kind === 'done' || complaint === undefined
    ? ok(`udevadm verify is content with ${paths.join(', ')}`)
    : failed(printable(complaint), 'correct the line: udev passes over what it does not understand');
}

/** A udev that runs reads changed rules by itself, with the next event. */
async function checkUdev({ places, isRoot }: Ground): Promise<Result> {
  if (!isRoot) return skipped('only root can ask whether it runs', 'run as root');
  const { kind, stderr } = await programIn(places.path, 'udevadm')(['control', '--ping', '--timeout=5'], limitMs);
  if (kind === 'missing') return failed('udevadm was not found', 'install udev');
  return kind === 'done'
    ? ok('it answers, and reads changed rules by itself')
    : failed(`it does not answer: ${stderr.trim()}`, 'systemctl restart systemd-udevd');
}

function checkTheirRules(ground: Ground): Result[] {
  const theirs = relevantFiles(ground).filter(({ path }) => basename(path) !== ownRules);
  if (theirs.length === 0) return [warning('no rule gives a device to a domain', 'README.md, "Your first rule"')];
  const rules = theirs.flatMap(({ path, text }) => parseRules(path, text));
  const mistakes = findRuleMistakes(rules, hookOf(ground.installation));
  if (mistakes.length === 0) return [ok(`no mistake found in ${theirs.map(({ path }) => path).join(', ')}`)];
  return mistakes.map(({ where, detail, remedy }) => warning(`${where}: ${detail}`, remedy));
}

/** All that is in /etc, for it may get in the way of ours; of what packages brought, only what speaks of us. */
function relevantFiles({ installation }: Ground): RulesFile[] {
  const [first = ''] = installation.rulesDirectories;
  return readRulesFiles(installation.rulesDirectories).filter(
    ({ path, text }) => path.startsWith(`${first}/`) || /usb-libvirt-hotplug|USB_LIBVIRT_DOMAIN/.test(text),
  );
}

/** What became of the rules: a device that they named a domain for must have its want, and one domain only. */
async function checkDevices({ places }: Ground): Promise<Result | Result[]> {
  const known = await openUdev(programIn(places.path, 'udevadm'), places.sysfs).readProperties(
    readPlugged(places.sysfs),
  );
  const { wants } = wantFilesIn(places.runDirectory).readAll();
  const lost = (known ?? []).filter(
    ({ device, properties }) =>
      (properties['USB_LIBVIRT_DOMAIN'] ?? '') !== '' &&
      wants.every((want) => want.device !== device.name || want.deviceNumber !== device.deviceNumber),
  );
  const contested = wants.filter(({ rivals }) => rivals.length > 0);
  const results = [
    ...lost.map(({ device, properties }) =>
      warning(
        `the device on port ${device.name} is ${printable(properties['USB_LIBVIRT_DOMAIN'] ?? '')}'s by the rules, but the hook was not run for it`,
        rescan,
      ),
    ),
    ...contested.map(({ device, domain, rivals }) =>
      warning(
        `the device on port ${device} was given to ${printable(domain)}, and rules name ${rivals.map(printable).join(', ')} as well`,
        `keep one of the rules, then ${rescan}`,
      ),
    ),
  ];
  if (results.length > 0) return results;
  if (known === undefined) return skipped("udev's database could not be read", 'install udev, or run as root');
  return ok(`given to domains by rules or people: ${wants.length}`);
}
