// The lines of rules that may say whose a device is, for explain.
import { basename, dirname } from 'node:path';
import { isMeant, type AssignableDevice } from '../core/assignment.js';
import { formatAssignment } from '../core/assignment-rule.js';
import { ownRules, parseRules, type Rule } from '../core/rules-text.js';
import { assignmentFileIn } from '../host/assignment-file.js';
import { hookOf, installationFrom } from '../host/installation.js';
import type { Places } from '../host/places.js';
import { readRulesFiles } from '../host/rules-files.js';

/** The assignments that mean the device, as they stand in our rules file; the last one holds. */
export function ownLinesAbout(device: AssignableDevice, { rulesDirectory }: Places): string[] {
  const file = assignmentFileIn(rulesDirectory);
  return file.read().flatMap((item) => {
    if (item.kind !== 'own' || !isMeant(item.assignment.match, device)) return [];
    const [comment = ''] = formatAssignment(item.assignment, false);
    return [`${file.path}:${item.line}: ${comment.replace(/^# /, '')}`];
  });
}

/** Other lines that give devices to domains, those of a person in our file too. Which of them matched, udev does not tell. */
export function otherGivers(places: Places): string[] {
  const installation = installationFrom(process.env, dirname(process.argv[1] ?? ''));
  const ours = assignmentFileIn(places.rulesDirectory);
  const items = ours.read();
  const isAssignment = ({ file, line }: Rule) =>
    file === ours.path && items.filter((item) => item.line <= line).at(-1)?.kind === 'own';
  return readRulesFiles(installation.rulesDirectories)
    .filter(({ path }) => basename(path) !== ownRules)
    .flatMap(({ path, text }) => parseRules(path, text))
    .filter((rule) => !isAssignment(rule))
    .flatMap((rule) => {
      const given = givenBy(rule, hookOf(installation));
      return given === undefined ? [] : [`${rule.file}:${rule.line}: ${given}`];
    });
}

function givenBy({ tokens }: Rule, hook: string): string | undefined {
  const giver = tokens.find(
    ({ key, attribute, operator, value }) =>
      (key === 'ENV' && attribute === 'USB_LIBVIRT_DOMAIN' && operator === '=') ||
      (key === 'RUN' && (value.startsWith(hook) || value.includes('usb-libvirt-hotplug'))),
  );
  if (giver === undefined) return undefined;
  return giver.key === 'RUN' ? `runs ${giver.value}` : `to ${giver.value}`;
}
