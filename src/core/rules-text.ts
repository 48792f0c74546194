/** The file that comes with this program; its name sorts behind those of people's. */
export const ownRules = 'zz-usb-libvirt-hotplug.rules';

/** One rule of udev's, as far as it says something. */
export interface Rule {
  /** The file, and the line that it begins at, counted from 1. */
  readonly file: string;
  readonly line: number;
  readonly tokens: readonly Token[];
}

/** `ATTR{idVendor}=="046d"` is a key, an attribute, an operator and a value. */
export interface Token {
  readonly key: string;
  /** Empty where there is none. */
  readonly attribute: string;
  readonly operator: '==' | '!=' | '=' | '+=' | '-=' | ':=';
  readonly value: string;
}

/** Reads a rules file as udev does: a backslash at its end continues a line, also over comments in between. */
export function parseRules(file: string, text: string): Rule[] {
  const rules: Rule[] = [];
  let begun: { line: number; text: string } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line.startsWith('#')) continue;
    const whole = { line: begun?.line ?? index + 1, text: (begun?.text ?? '') + line.replace(/\\$/, '') };
    begun = line.endsWith('\\') ? whole : undefined;
    if (begun === undefined && whole.text !== '')
      rules.push({ file, line: whole.line, tokens: parseTokens(whole.text) });
  }
  return rules;
}

function parseTokens(text: string): Token[] {
  const token = /([A-Z_]+)(?:\{([^}]*)\})?\s*(==|!=|\+=|-=|:=|=)\s*[ei]?"((?:[^"\\]|\\.)*)"/g;
  return [...text.matchAll(token)].map(([, key = '', attribute = '', operator, value = '']) => ({
    key,
    attribute,
    operator: operator as Token['operator'],
    value,
  }));
}
