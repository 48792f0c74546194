import { printable } from './message.js';
import { ownRules, type Rule, type Token } from './rules-text.js';

/** Something in people's rules that does not do what they hope for. */
export interface RuleMistake {
  /** "/etc/udev/rules.d/80-vm.rules:3". */
  readonly where: string;
  readonly detail: string;
  readonly remedy: string;
}

/**
 * Looks for the mistakes that people make.
 *
 * @param rules those of all files, in the order in which udev goes through them, without our own
 * @param hook the path that RUN is to name
 */
export function findRuleMistakes(rules: readonly Rule[], hook: string): RuleMistake[] {
  return rules.flatMap((rule, index) => {
    const before = rules.slice(0, index);
    return [
      attributesAtRemoval(rule),
      everyInterface(rule, before),
      plainNode(rule),
      oldScript(rule, hook),
      substitution(rule),
      secondDomain(rule, before),
      droppedRuns(rule, before),
    ].filter((mistake) => mistake !== undefined);
  });
}

function attributesAtRemoval(rule: Rule): RuleMistake | undefined {
  if (!speaksOfUs(rule)) return undefined;
  const actions = matchesOf(rule).filter(({ key, operator }) => key === 'ACTION' && operator === '==');
  const onlyRemoval = actions.some(({ value }) => value.split('|').every((action) => action === 'remove'));
  const gone = matchesOf(rule).find(
    ({ key, attribute }) => key === 'ATTR' || key === 'ATTRS' || (key === 'ENV' && attribute.startsWith('ID_')),
  );
  if (!onlyRemoval || gone === undefined) return undefined;
  return mistake(
    rule,
    `${nameOf(gone)} is gone when a device is removed, and the rule does not match then`,
    'delete the rule: a removal needs none, whatever was given is taken back',
  );
}

/** A rule that says nothing of what only devices have runs its program for each of their interfaces as well. */
function everyInterface(rule: Rule, before: readonly Rule[]): RuleMistake | undefined {
  if (!runsOf(rule).some(isOurs)) return undefined;
  const forDevices = matchesOf(rule).some(
    ({ key, attribute, value }) =>
      attribute === 'DEVTYPE' ||
      key === 'ATTR' ||
      // Its last part names one device, and no interface: "…/usb1/1-4".
      ((key === 'DEVPATH' || key === 'KERNEL') && /(^|\/)[^/*?:[]+$/.test(value)),
  );
  const guarded = before.some(
    ({ file, tokens }) =>
      file === rule.file &&
      tokens.some(({ key }) => key === 'GOTO') &&
      tokens.some(({ attribute, operator }) => attribute === 'DEVTYPE' && operator === '!='),
  );
  if (forDevices || guarded) return undefined;
  return mistake(
    rule,
    'it runs the hook for every interface of the device too, and holds up udev each time',
    'add ENV{DEVTYPE}=="usb_device"',
  );
}

function plainNode(rule: Rule): RuleMistake | undefined {
  const run = runsOf(rule).find(({ value }) => /^(\S*\/)?node(js)?\s/.test(value) && !value.includes('--jitless'));
  return (
    run &&
    mistake(
      rule,
      "it runs node itself, which udev's sandbox kills (SIGTRAP)",
      'name the hook instead, which starts node in the one way that survives there',
    )
  );
}

function oldScript(rule: Rule, hook: string): RuleMistake | undefined {
  const run = runsOf(rule).find(({ value }) => value.includes('usb-libvirt-hotplug.sh'));
  const [path = ''] = run?.value.split(' ') ?? [];
  return run && mistake(rule, 'it runs the old script, beside this program', `change ${printable(path)} to ${hook}`);
}

function substitution(rule: Rule): RuleMistake | undefined {
  const run = runsOf(rule).find(({ value }) => isOursText(value) && /\$(attr|env|sysfs)\{|%[sE]\{/.test(value));
  return (
    run &&
    mistake(
      rule,
      "udev splits a RUN line after it has put values in: a device's own text can add options",
      'name the domain itself, or set ENV{USB_LIBVIRT_DOMAIN} instead',
    )
  );
}

/** The first rule that speaks has the device. Of two that set ENV the later one stands, which may be meant so. */
function secondDomain(rule: Rule, before: readonly Rule[]): RuleMistake | undefined {
  const domain = domainOf(rule);
  if (domain === undefined) return undefined;
  const wanted = identityOf(rule);
  const rival = before.find((other) => {
    const theirs = domainOf(other);
    if (theirs === undefined || theirs.name === domain.name || (theirs.byEnv && domain.byEnv)) return false;
    const others = identityOf(other);
    const [few, many] = others.length < wanted.length ? [others, wanted] : [wanted, others];
    return few.length > 0 && few.every((match) => many.includes(match));
  });
  const theirs = rival && domainOf(rival);
  if (rival === undefined || theirs === undefined) return undefined;
  return mistake(
    rule,
    `it gives a device to ${printable(domain.name)} that ${placeOf(rival)} gives to ${printable(theirs.name)}`,
    'keep one of the two',
  );
}

/** Where ENV names the domain, our own rules add the RUN, after all of people's that do not sort behind them. */
function droppedRuns(rule: Rule, before: readonly Rule[]): RuleMistake | undefined {
  const run = runsOf(rule).find(({ operator }) => operator === '=' || operator === ':=');
  const forOthers = matchesOf(rule).some(
    ({ key, operator, value }) => key === 'SUBSYSTEM' && operator === '==' && !value.split('|').includes('usb'),
  );
  const dropsOurs =
    before.some((other) => runsOf(other).some(isOurs)) || rule.file.slice(rule.file.lastIndexOf('/') + 1) > ownRules;
  if (run === undefined || forOthers || !(isOurs(run) || dropsOurs)) return undefined;
  return mistake(
    rule,
    `RUN${run.operator} drops every program that rules before it have named, ours too`,
    'write RUN+=',
  );
}

function mistake(rule: Rule, detail: string, remedy: string): RuleMistake {
  return { where: placeOf(rule), detail, remedy };
}

function placeOf({ file, line }: Rule): string {
  return `${file}:${line}`;
}

function nameOf({ key, attribute }: Token): string {
  return printable(attribute === '' ? key : `${key}{${attribute}}`);
}

function matchesOf({ tokens }: Rule): Token[] {
  return tokens.filter(({ operator }) => operator === '==' || operator === '!=');
}

function runsOf({ tokens }: Rule): Token[] {
  return tokens.filter(({ key, operator }) => key === 'RUN' && !['==', '!=', '-='].includes(operator));
}

function speaksOfUs(rule: Rule): boolean {
  return runsOf(rule).some(isOurs) || domainOf(rule) !== undefined;
}

function isOurs({ value }: Token): boolean {
  return isOursText(value);
}

/** The hook wherever it is installed, and the old script. */
function isOursText(value: string): boolean {
  return /\/usb-libvirt-hotplug\/hook(\.cjs)?(\s|$)|usb-libvirt-hotplug\.sh(\s|$)/.test(value);
}

/** The domain that a rule names: by `ENV{USB_LIBVIRT_DOMAIN}=`, or as the last word of our RUN, quoted or not. */
function domainOf(rule: Rule): { name: string; byEnv: boolean } | undefined {
  const env = rule.tokens.find(
    ({ key, attribute, operator }) =>
      key === 'ENV' && attribute === 'USB_LIBVIRT_DOMAIN' && (operator === '=' || operator === ':='),
  );
  if (env !== undefined && env.value !== '') return { name: env.value, byEnv: true };
  const run = runsOf(rule).find(isOurs);
  const word = /\s(?:'([^']*)'|([^\s']+))\s*$/.exec(run?.value ?? '');
  const name = word?.[1] ?? word?.[2] ?? '';
  return name === '' || name.startsWith('-') ? undefined : { name, byEnv: false };
}

/** What says which device it is; two rules with the same are about the same. */
function identityOf(rule: Rule): string[] {
  return matchesOf(rule)
    .filter(({ key, attribute }) => key !== 'ACTION' && key !== 'SUBSYSTEM' && attribute !== 'DEVTYPE')
    .map((token) => `${nameOf(token)}${token.operator}${token.value}`);
}
