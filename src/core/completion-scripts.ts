export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * What makes a shell complete our command. Each asks the program, with the words up to the cursor, for lines of a
 * word, a tab and a description. yargs' own scripts know no fish, and come apart at blanks in a domain's name and at
 * the colon in a device's ids.
 */
export const completionScripts: Record<Shell, string> = {
  bash: `# Completion for usb-libvirt-hotplug; see "usb-libvirt-hotplug completion --help".
_usb_libvirt_hotplug() {
  local line=\${COMP_LINE:0:COMP_POINT} words current candidate prefix=
  # Without -r: a backslash before a blank keeps a word together.
  read -a words <<<"$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  current=\${words[\${#words[@]} - 1]}
  # bash takes what stands before a colon for a word of its own.
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then prefix=\${current%"\${current##*:}"}; fi
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate=\${candidate%%$'\\t'*}
    if [[ $candidate == "$current"* ]]; then COMPREPLY+=("$(printf %q "\${candidate#"$prefix"}")"); fi
  done < <("$1" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _usb_libvirt_hotplug usb-libvirt-hotplug
`,
  zsh: `#compdef usb-libvirt-hotplug
# Completion for usb-libvirt-hotplug; see "usb-libvirt-hotplug completion --help".
_usb-libvirt-hotplug() {
  local -a candidates
  local line word
  for line in "\${(@f)$(usb-libvirt-hotplug __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    word=\${line%%$'\\t'*}
    if [[ -n $word ]]; then candidates+=("\${word//:/\\\\:}:\${line#*$'\\t'}"); fi
  done
  _describe usb-libvirt-hotplug candidates
}
if [[ $funcstack[1] == _usb-libvirt-hotplug ]]; then
  _usb-libvirt-hotplug "$@"
else
  compdef _usb-libvirt-hotplug usb-libvirt-hotplug
fi
`,
  fish: `# Completion for usb-libvirt-hotplug; see "usb-libvirt-hotplug completion --help".
function __usb_libvirt_hotplug_complete
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    set --erase words[1]
    usb-libvirt-hotplug __complete -- $words (commandline --cut-at-cursor --current-token) 2>/dev/null
end
complete --command usb-libvirt-hotplug --no-files --arguments '(__usb_libvirt_hotplug_complete)'
`,
};
