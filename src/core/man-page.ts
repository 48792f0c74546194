import { wordsOf, type Help, type HelpEntry } from './help-text.js';

/**
 * The manual page, from what `--help` says.
 *
 * @param help the program's own help
 * @param verbs each verb's, in the order in which they are told
 */
export function writeManPage(name: string, version: string, help: Help, verbs: readonly Help[]): string {
  return `${[
    `.TH ${name.toUpperCase()} 8 "" "${name} ${version}"`,
    '.SH NAME',
    `${escape(name)} \\- ${escape(help.about.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    `.B ${escape(name)}`,
    '.I VERB',
    '[OPTION...]',
    '.SH DESCRIPTION',
    escape(help.about),
    '.SH COMMANDS',
    ...verbs.flatMap((verb) => [
      `.SS ${escape(verb.usage.replace(`${name} `, ''))}`,
      escape(`${verb.about}.`),
      ...verb.positionals.flatMap(writeEntry),
      ...verb.options.filter(({ term }) => !isCommon(term)).flatMap(writeEntry),
    ]),
    '.SH OPTIONS',
    ...help.options.flatMap(writeEntry),
    ...help.notes.flatMap(writeNote),
    '.SH SEE ALSO',
    '.BR udev (7),',
    '.BR virsh (1),',
    '.BR lsusb (8),',
    '.BR journalctl (1)',
  ].join('\n')}\n`;
}

/** Every verb has these, and they are told once. */
function isCommon(term: string): boolean {
  return term === '--help' || term === '--version';
}

function writeEntry({ term, text, values }: HelpEntry): string[] {
  const takesWord = term.startsWith('-') && /^\[(string|array|number)\]/.test(values);
  const choices = /\[choices: ([^\]]*)\]/.exec(values)?.[1]?.replaceAll('"', '');
  return [
    '.TP',
    `.B ${escape(term)}${takesWord ? ' \\fIWORD\\fR' : ''}`,
    escape(choices === undefined ? text : `${text}: ${choices}`),
  ];
}

/** "Exit codes: 0 done, 1 failed" → a section of that name. */
function writeNote(note: string): string[] {
  const [, title = 'Notes', text = note] = /^([A-Z][\w ]*): ([\s\S]*)$/.exec(note) ?? [];
  return [`.SH ${title.toUpperCase()}`, escape(text)];
}

/** For roff: a line must not begin with a dot or a quote, and a hyphen is to be one that can be copied. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replace(/^(?=[.'])/gm, '\\&');
}

/** Verbs that hold verbs of their own are told by those. */
export async function helpOfVerbs(help: Help, helpOf: (words: readonly string[]) => Promise<Help>): Promise<Help[]> {
  const all: Help[] = [];
  for (const verb of help.verbs) {
    const own = await helpOf(wordsOf(verb));
    const below = own.verbs.filter((other) => help.verbs.every(({ term }) => term !== other.term));
    all.push(...(below.length === 0 ? [own] : await helpOfVerbs({ ...own, verbs: below }, helpOf)));
  }
  return all;
}
