/** What `--help` prints, taken apart: the man page and completions are made of it. */
export interface Help {
  /** "usb-libvirt-hotplug list [device..]". */
  readonly usage: string;
  readonly about: string;
  /** The verbs, without the program's name: "list [device..]". */
  readonly verbs: readonly HelpEntry[];
  readonly positionals: readonly HelpEntry[];
  readonly options: readonly HelpEntry[];
  /** What stands below all that, a line each. */
  readonly notes: readonly string[];
}

export interface HelpEntry {
  /** "-f, --follow", "device". */
  readonly term: string;
  readonly text: string;
  /** What yargs says of its values: `[boolean] [default: false]`, `[choices: "bash", "zsh"]`. */
  readonly values: string;
}

/** Reads yargs' help, unwrapped. */
export function parseHelp(text: string, program: string): Help {
  const paragraphs = text.trim().split(/\n\n+/);
  const [usage = '', about = ''] = paragraphs;
  const sections = new Map<string, HelpEntry[]>();
  const notes: string[] = [];
  for (const paragraph of paragraphs.slice(2)) {
    const [title = '', ...lines] = paragraph.split('\n');
    if (/^[A-Z]\w+:$/.test(title)) sections.set(title, lines.map(parseEntry));
    else notes.push(title, ...lines);
  }
  const verbs = sections.get('Commands:') ?? [];
  return {
    usage,
    about,
    verbs: verbs.map(({ term, ...rest }) => ({ ...rest, term: term.replace(`${program} `, '') })),
    positionals: sections.get('Positionals:') ?? [],
    options: sections.get('Options:') ?? [],
    notes,
  };
}

/** `  -f, --follow   Go on with new lines  [boolean] [default: false]`. */
function parseEntry(line: string): HelpEntry {
  const [, term = '', text = '', values = ''] = /^\s*(\S.*?)(?:\s{2,}(.*?))?(?:\s{2}(\[.*\]))?$/.exec(line) ?? [];
  return { term, text, values };
}

/** The words that call a verb: "list [device..]" → ["list"]. */
export function wordsOf(verb: Pick<HelpEntry, 'term'>): string[] {
  return verb.term.split(' ').filter((word) => !/^[<[]/.test(word));
}
