import { wordsOf, type Help, type HelpEntry } from './help-text.js';

/** What can stand where somebody pressed Tab. */
export type Completion =
  | { readonly kind: 'words'; readonly words: readonly HelpEntry[] }
  | { readonly kind: 'devices' | 'domains' | 'either' | 'nothing' };

/** A word of people's, with its place among the words: what comes next depends on the ones before. */
export async function complete(
  words: readonly string[],
  helpOf: (verb: readonly string[]) => Promise<Help>,
): Promise<Completion> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const program = await helpOf([]);
  const path = findVerb(before, program.verbs);
  const help = path.length === 0 ? program : await helpOf(path);

  if (current.startsWith('-')) {
    return {
      kind: 'words',
      words: help.options.flatMap((option) => termsOf(option).map((term) => ({ ...option, term }))),
    };
  }
  const asked = help.options.find((option) => termsOf(option).includes(before.at(-1) ?? ''));
  if (asked !== undefined && takesWord(asked)) return choicesOf(asked);
  const typed = positionalsIn(before, help.options).length - path.length;
  const verbs = help.verbs.filter((verb) => wordsOf(verb).length === path.length + 1);
  if (typed === 0 && verbs.length > 0) {
    return { kind: 'words', words: verbs.map((verb) => ({ ...verb, term: wordsOf(verb).at(-1) ?? '' })) };
  }
  return completePositional(typed, help);
}

/** `[device..]` takes any number of them. */
function completePositional(index: number, { usage, positionals }: Help): Completion {
  const names = [...usage.matchAll(/[<[]([\w-]+)(\.\.)?[>\]]/g)];
  const match = names[index] ?? (names.at(-1)?.[2] === undefined ? undefined : names.at(-1));
  switch (match?.[1]) {
    case 'device':
      return { kind: 'devices' };
    case 'domain':
      return { kind: 'domains' };
    case 'what':
      return { kind: 'either' };
    case undefined:
      return { kind: 'nothing' };
    default: {
      const positional = positionals.find(({ term }) => term === match?.[1]);
      return positional === undefined ? { kind: 'nothing' } : choicesOf(positional);
    }
  }
}

/** The verb that is typed already, of one word or more. */
function findVerb(words: readonly string[], verbs: readonly HelpEntry[]): string[] {
  const typed = words.filter((word) => !word.startsWith('-'));
  const known = verbs.map(wordsOf).filter((verb) => verb.every((word, index) => word === typed[index]));
  return known.sort((one, other) => other.length - one.length)[0] ?? [];
}

/** Without options, and without the words that belong to them. */
function positionalsIn(words: readonly string[], options: readonly HelpEntry[]): string[] {
  return words.filter((word, index) => {
    const option = options.find((candidate) => termsOf(candidate).includes(words[index - 1] ?? ''));
    return !word.startsWith('-') && !(option !== undefined && takesWord(option));
  });
}

function choicesOf({ values }: HelpEntry): Completion {
  const choices = /\[choices: ([^\]]*)\]/.exec(values)?.[1] ?? '';
  const words = [...choices.matchAll(/"([^"]*)"/g)].map(([, term = '']) => ({ term, text: '', values: '' }));
  return words.length === 0 ? { kind: 'nothing' } : { kind: 'words', words };
}

function takesWord({ values }: HelpEntry): boolean {
  return /^\[(string|array|number)\]/.test(values);
}

/** "-f, --follow" → both. */
function termsOf({ term }: HelpEntry): string[] {
  return term.split(', ');
}
