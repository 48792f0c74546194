// How texts stand between the quotes of a udev rule (udev-rules.c, systemd 252 and 257). In a plain string `\"` is a
// quote and every other backslash is itself; so only a backslash at the end cannot be written. e"…" strings could say
// that too, but older versions of udev do not know them.

/** A text that a rule sets a property to: `50% "x"` → `50%% \"x\"`, for udev replaces what begins with $ or %. */
export function quoteValue(text: string): string {
  return quote(text.replace(/[$%]/g, '$&$&'));
}

/** What `quoteValue` was given. */
export function unquoteValue(quoted: string): string {
  return unquote(quoted).replace(/([$%])\1/g, '$1');
}

/** A text that a rule is to match as it is: `S*1` → `S[*]1`. Without any of `*?[` udev compares byte by byte. */
export function quoteMatch(text: string): string {
  return quote(isGlob(text) ? text.replace(/[*?[]/g, '[$&]').replaceAll('\\', '\\\\') : text);
}

/** What `quoteMatch` was given. */
export function unquoteMatch(quoted: string): string {
  const pattern = unquote(quoted);
  return isGlob(pattern) ? pattern.replace(/\[([*?[])\]|\\(.)/g, '$1$2') : pattern;
}

/** Why a text cannot stand in a rule, in words; undefined when it can. */
export function valueFault(text: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- a line break would end the rule
  if (/[\u0000-\u001f\u007f]/.test(text)) return "it has a control character in it, which a rule of udev's cannot hold";
  if (text.endsWith('\\')) return "it ends with a backslash, which a rule of udev's cannot hold";
  return undefined;
}

/** Why a text cannot be matched, in words; undefined when it can. */
export function matchFault(text: string): string | undefined {
  // udev takes patterns apart at every "|" before it looks at anything else.
  if (text.includes('|')) return `it has a "|" in it, which udev reads as "or"`;
  return valueFault(text);
}

function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

function quote(text: string): string {
  return text.replaceAll('"', '\\"');
}

function unquote(quoted: string): string {
  return quoted.replaceAll('\\"', '"');
}
