// What the hook's shell front (rules/hook) makes of an event under udev, as a model: test/simulated/models.test.ts
// holds the two together.
import { join } from 'node:path';
import type { Environment } from '../../src/core/event.js';
import { realFs } from './process.js';

/** `node`: it goes on to start node; `aside`: it puts the event aside; `wake`: it touches `wake`; `nothing`. */
export function hookFront(
  environment: Environment,
  args: readonly string[],
  run: string,
): 'node' | 'aside' | 'wake' | 'nothing' {
  const answer = answerOf(environment, args, run);
  return answer === 'node' && !realFs.existsSync(join(run, 'lock')) ? 'aside' : answer;
}

/** The file that it puts aside, as text. */
export function earlyEvent(environment: Environment, args: readonly string[]): string {
  const values = earlyNames.map((name) => `${name}=${environment[name] ?? ''}`);
  return [...values, ...args.map((text) => `argument=${text}`), 'end', ''].join('\n');
}

const earlyNames = [
  'ACTION',
  'SUBSYSTEM',
  'DEVTYPE',
  'DEVPATH',
  'BUSNUM',
  'DEVNUM',
  'PRODUCT',
  'SEQNUM',
  'ID_MODEL_ENC',
  'USB_LIBVIRT_DOMAIN',
  'LIBVIRT_DEFAULT_URI',
];

function answerOf(environment: Environment, args: readonly string[], run: string): 'node' | 'wake' | 'nothing' {
  const { ACTION: action = '', DEVTYPE: type, DEVPATH: devpath = '', DEVNUM: number = '' } = environment;
  if (type === 'usb_interface' || action === 'unbind') return 'nothing';
  const fileName = `${devpath.slice(devpath.lastIndexOf('/') + 1)}@${number}.json`;
  const want = firstLine(join(run, 'wants', fileName));
  if (action === 'remove') return want === undefined ? 'nothing' : 'wake';
  if (!['change', 'bind'].includes(action) || args.length > 1 || environment['LIBVIRT_DEFAULT_URI']) return 'node';

  const domain = args[0] ?? environment['USB_LIBVIRT_DOMAIN'] ?? '';
  const claimed = want?.indexOf(`"domain":"${domain}","uri":"qemu:///system",`) ?? -1;
  const settled = want?.indexOf('"rivals":[],"released":false,', claimed) ?? -1;
  if (claimed < 0 || settled < 0) return 'node';
  const record = firstLine(join(run, 'state', fileName));
  if (record === undefined) return 'wake';
  return record.includes('"standing":{"kind":"attached"') ? 'nothing' : 'node';
}

function firstLine(path: string): string | undefined {
  return realFs.existsSync(path) ? realFs.readFileSync(path, 'utf8').split('\n')[0] : undefined;
}
