// udev's matching, as in udev-rules.c: alternatives between "|", then each as it is, or as fnmatch(3) has it without
// flags when there is a glob's character in it.

/** Whether a text matches what stands between a rule's quotes. */
export function matchesUdev(quoted: string, text: string): boolean {
  return quoted
    .replaceAll('\\"', '"')
    .split('|')
    .some((pattern) => (/[*?[]/.test(pattern) ? toRegExp(pattern).test(text) : pattern === text));
}

function toRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\\(.)|\[(.)\]|[*?]|[^]/g, (part: string, escaped?: string, only?: string) => {
    if (part === '*') return '[^]*';
    if (part === '?') return '[^]';
    return (escaped ?? only ?? part).replace(/[$()*+./?[\\\]^{|}-]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}

/** A device as udev has it when it goes through its rules. */
export interface UdevDevice {
  readonly devpath: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of its root hub. */
  readonly busSpeed: string;
}

/** The properties that the rules, line by line, leave a USB device with. */
export function runRules(text: string, device: UdevDevice): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line === '') continue;
    const tokens = [...line.matchAll(/([A-Z]+)(?:\{(\w+)\})?(==|!=|=)"((?:\\"|[^"])*)"(?:, |$)/g)];
    if (tokens.map(([token]) => token).join('') !== line) throw new Error(`not a rule: ${line}`);
    const holds = tokens.every(([, key = '', name = '', operator, value = '']) => {
      if (operator === '=') return true;
      return matchesUdev(value, valueOf(device, key, name)) === (operator === '==');
    });
    if (!holds) continue;
    for (const [, , name = '', operator, value = ''] of tokens) {
      if (operator === '=') properties[name] = value.replaceAll('\\"', '"').replace(/([$%])\1/g, '$1');
    }
  }
  return properties;
}

function valueOf({ devpath, attributes, busSpeed }: UdevDevice, key: string, name: string): string {
  switch (key) {
    case 'ACTION':
      return 'add';
    case 'SUBSYSTEM':
      return 'usb';
    case 'ENV':
      return name === 'DEVTYPE' ? 'usb_device' : '';
    case 'DEVPATH':
      return devpath;
    case 'ATTR':
      return attributes[name] ?? '';
    // Of the parents only the root hub is named usb…, and both must hold at one.
    case 'KERNELS':
      return /\/(usb\d+)/.exec(devpath)?.[1] ?? '';
    case 'ATTRS':
      return name === 'speed' ? busSpeed : '';
    default:
      throw new Error(`no such key: ${key}`);
  }
}
