import type { Environment } from './event.js';

/** An event that came before this boot's first worker, as the hook's shell front has put it aside (rules/hook). */
export interface EarlyEvent {
  readonly environment: Environment;
  /** What the rule gave the hook. */
  readonly args: readonly string[];
}

/**
 * Reads what was put aside: "NAME=value" lines as udev had them, "argument=…" lines in their order, and "end", without
 * which it is not whole: undefined. A value has no line breaks: udev's properties cannot hold them.
 */
export function parseEarlyEvent(text: string): EarlyEvent | undefined {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.pop() !== 'end') return undefined;
  const fields = lines.map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)] as const;
  });
  const said = fields.filter(([name, value]) => name !== 'argument' && value !== '');
  return {
    environment: Object.fromEntries(said),
    args: fields.filter(([name]) => name === 'argument').map(([, value]) => value),
  };
}
