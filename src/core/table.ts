import stringWidth from 'string-width';

/**
 * Rows as columns, two blanks between them, no wider than `width`: the last column that does not fit is cut, with
 * "…" at its end. Widths are a terminal's: some characters take two columns, some none.
 */
export function formatTable(rows: readonly (readonly string[])[], width: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => stringWidth(row[column] ?? ''))));
  return rows.map((row) => {
    const line = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell))).join('  ');
    return cut(line.trimEnd(), width);
  });
}

/** A text that is no wider than so many columns, "…" in place of what is too much. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (stringWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}
