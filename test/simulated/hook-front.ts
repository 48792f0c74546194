// What the hook's shell front (rules/hook) makes of an event under udev, as a model: test/simulated/models.test.ts
// holds the two together.
import { join } from 'node:path';
import type { Environment } from '../../src/core/event.js';
import { realFs } from './process.js';

/** `node`: it goes on to start node; `wake`: it touches `wake` and ends; `nothing`: it ends. */
export function hookFront(environment: Environment, args: readonly string[], run: string): 'node' | 'wake' | 'nothing' {
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
