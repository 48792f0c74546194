// Our rules file as a list: our own assignments, and around them whatever a person wrote.
import { leftBeside, precedenceOf, type Assignment } from './assignment.js';
import { formatAssignment, parseAssignment } from './assignment-rule.js';
import { defaultUri } from './domain.js';

/** A part of the file, with the number of its first line. */
export type Item =
  | { readonly kind: 'own'; readonly assignment: Assignment; readonly line: number }
  /** Not as we write it, or changed since: kept where it is, byte for byte. */
  | { readonly kind: 'other'; readonly text: string; readonly line: number };

/** What stands above the first assignment of a new file. */
const header = `# The USB devices that belong to domains, whenever they are plugged in: see "usb-libvirt-hotplug assignments".
# Made by "usb-libvirt-hotplug assign"; yours to edit, and what you change or add here is left as it is.
# Of two lines that mean the same device the later one holds.`;

export function parseAssignments(text: string): Item[] {
  const lines = (text === '' ? `${header}\n` : text).split('\n');
  const items: Item[] = [];
  for (let index = 0; index < lines.length;) {
    const length = [3, 2].find((count) => parseAssignment(lines.slice(index, index + count)) !== undefined) ?? 1;
    const assignment = length === 1 ? undefined : parseAssignment(lines.slice(index, index + length));
    items.push(
      assignment === undefined
        ? { kind: 'other', text: lines[index] ?? '', line: index + 1 }
        : { kind: 'own', assignment, line: index + 1 },
    );
    index += length;
  }
  return items;
}

export function formatAssignments(items: readonly Item[]): string {
  const namesUri = assignmentsIn(items).some(({ uri }) => uri !== defaultUri);
  return items
    .flatMap((item) => (item.kind === 'own' ? formatAssignment(item.assignment, namesUri) : [item.text]))
    .join('\n');
}

/** Our own, in the order of their lines. */
export function assignmentsIn(items: readonly Item[]): Assignment[] {
  return items.flatMap((item) => (item.kind === 'own' ? [item.assignment] : []));
}

/** Lines that may give a device to somebody and are not ours: neither comments nor empty. */
export function foreignLines(items: readonly Item[]): { line: number; text: string }[] {
  return items.flatMap((item) =>
    item.kind === 'other' && !/^\s*(#|$)/.test(item.text) ? [{ line: item.line, text: item.text }] : [],
  );
}

/**
 * Puts an assignment where it belongs by its precedence, so that the order in which they were made makes no
 * difference; one of ours that means the same makes room for it.
 */
export function withAssignment(items: readonly Item[], made: Assignment): Item[] {
  const kept = items.flatMap((item): Item[] => {
    if (item.kind === 'other') return [item];
    const left = leftBeside(item.assignment, made.match);
    return left === undefined ? [] : [{ ...item, assignment: left }];
  });
  const next = kept.findIndex((item) => item.kind === 'own' && compare(item.assignment, made) > 0);
  // A file ends with a line break, after which there is an empty line to nobody but `split`.
  const last = kept.at(-1);
  const endsWhole = last?.kind === 'other' && last.text === '';
  const end = endsWhole ? kept.length - 1 : kept.length;
  const at = next < 0 ? end : next;
  const added: Item = { kind: 'own', assignment: made, line: 0 };
  const closed: Item[] = endsWhole ? kept : [...kept, { kind: 'other', text: '', line: 0 }];
  return [...closed.slice(0, at), added, ...closed.slice(at)];
}

export function withoutAssignments(items: readonly Item[], removed: readonly Assignment[]): Item[] {
  return items.filter((item) => item.kind === 'other' || !removed.includes(item.assignment));
}

/** By precedence, and among equals by what they say, which is as good as any order that does not change. */
function compare(one: Assignment, other: Assignment): number {
  const ranks = [precedenceOf(one.match), precedenceOf(other.match)] as const;
  for (let place = 0; place < Math.max(ranks[0].length, ranks[1].length); place += 1) {
    const difference = (ranks[0][place] ?? 0) - (ranks[1][place] ?? 0);
    if (difference !== 0) return difference;
  }
  const texts = [one, other].map((assignment) =>
    formatAssignment({ ...assignment, note: '' }, false)
      .slice(1)
      .join(),
  );
  return (texts[0] ?? '') < (texts[1] ?? '') ? -1 : 1;
}
