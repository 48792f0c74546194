#!/bin/sh
# Installs, upgrades and uninstalls usb-libvirt-hotplug. `install.sh --help` says how.
#
# Every file is first written beside its place and then renamed into it, because udev may run the
# hook at any moment of an upgrade. $lib/installed records the checksum of each file we put
# somewhere: a file that does not match it was changed or written by somebody else, and is theirs.
set -eu

usage() {
    cat <<'END'
usage: install.sh [--prefix DIR] [--node FILE] [--no-packages]
       install.sh --uninstall [--keep] [--prefix DIR]

  --prefix DIR    install under DIR (/usr/local)
  --node FILE     run on this node, 18.19 up to 26, instead of the first that fits
                  (the environment variable NODE does the same)
  --no-packages   do not install missing programs with the package manager
  --uninstall     detach what usb-libvirt-hotplug attached, and remove what was installed
  --keep          with --uninstall: leave the devices attached
  --help          show this

With DESTDIR in the environment the files are put below that folder, to make a package or an
image: nothing is enabled, reloaded or tried, and root is not needed.
END
}

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}
usage_error() {
    printf 'install.sh: %s\n\n' "$*" >&2
    usage >&2
    exit 2
}

system_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

has() { command -v "$1" >/dev/null 2>&1; }
# Where the worker would find a program; see src/host/places.ts.
find_program() { env PATH="$system_path" sh -c "command -v $1"; }
is_root() { [ "$(id -u)" = 0 ]; }
exists() { [ -e "$1" ] || [ -L "$1" ]; }
checksum() { sha256sum | cut -d ' ' -f 1; }
same_place() { [ "$(readlink -f -- "$1")" = "$(readlink -f -- "$2")" ]; }

# Runs a command that must not stop us; a failure is told with the command to repeat.
attempt() {
    "$@" || warn "'$*' failed (status $?). Run it by hand to see why."
}

# --- what was asked for ---------------------------------------------------------------------

parse_arguments() {
    prefix=/usr/local
    node_wanted=${NODE:-}
    action=install
    keep=
    packages=yes
    while [ $# -gt 0 ]; do
        case $1 in
        --prefix | --node)
            [ $# -ge 2 ] || usage_error "$1 needs a path."
            option=$1
            value=$2
            shift
            ;;
        --prefix=* | --node=*)
            option=${1%%=*}
            value=${1#*=}
            ;;
        *) option=$1 ;;
        esac
        case $option in
        --prefix) prefix=$value ;;
        --node) node_wanted=$value ;;
        --no-packages) packages= ;;
        --uninstall) action=uninstall ;;
        --keep) keep=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) usage_error "unknown option '$1'." ;;
        esac
        shift
    done
    [ -z "$keep" ] || [ "$action" = uninstall ] || usage_error "--keep goes with --uninstall."

    unsafe=$(why_unsafe "$prefix")
    [ -z "$unsafe" ] || usage_error "--prefix '$prefix' $unsafe."
    while [ "$prefix" != "${prefix%/}" ]; do prefix=${prefix%/}; done
    [ -n "$prefix" ] || usage_error "--prefix / is not possible: name a folder such as /usr/local."

    destdir=${DESTDIR:-}
    case $destdir in
    '' | /*) ;;
    *) usage_error "DESTDIR must be an absolute path, not '$destdir'." ;;
    esac
    while [ "$destdir" != "${destdir%/}" ]; do destdir=${destdir%/}; done
}

# What is wrong with a path that will stand, unquoted, in udev rules, systemd units and scripts.
why_unsafe() {
    case $1/ in
    [!/]*) echo "is not an absolute path" ;;
    *[!A-Za-z0-9/._+@-]*) echo "holds a character that udev or systemd would split or expand; use letters, digits and / . _ + @ - only" ;;
    */../* | */./* | *//?*) echo "must be written without . and .. and //" ;;
    esac
}

name_places() {
    name=usb-libvirt-hotplug
    unit_names="$name.path $name.service $name-missed.service"
    lib=$prefix/lib/$name
    command=$prefix/bin/$name
    share=$prefix/share
    doc=$share/doc/$name
    manifest=$lib/installed
    qemu_hook=/etc/libvirt/hooks/qemu.d/$name
    state=/run/$name
    rules_file=$(vendor_rules_folder)/zz-$name.rules
    case $prefix in
    /usr | /usr/local) units=$prefix/lib/systemd/system ;;
    *) units=/etc/systemd/system ;;
    esac
    if [ -n "$destdir" ] || [ -d /run/systemd/system ]; then systemd=yes; else systemd=; fi
}

# Where this host's udev keeps its own rules; never /etc, which belongs to people.
vendor_rules_folder() {
    for folder in /usr/lib/udev /lib/udev; do
        if [ -e "$destdir$folder/rules.d/50-udev-default.rules" ]; then
            echo "$folder/rules.d"
            return
        fi
    done
    if [ ! -d "$destdir/usr/lib/udev" ] && [ -d "$destdir/lib/udev" ]; then
        echo /lib/udev/rules.d
    else
        echo /usr/lib/udev/rules.d
    fi
}

# --- what the host must have ----------------------------------------------------------------

check_host() {
    judged=
    manager=
    find_node
    missing=
    [ -n "$node" ] || missing=node
    if [ -z "$destdir" ]; then
        has udevadm || die "udevadm is missing, and without udev nobody says that a device was plugged in. Install udev (the package is called udev, systemd-udev or eudev). Nothing was changed."
        find_program virsh >/dev/null || missing="$missing virsh"
        has_flock || missing="$missing flock"
        [ -x /usr/bin/logger ] || warn "/usr/bin/logger is missing: if node is missing one day, the hook cannot say so in syslog. Install bsdutils or util-linux."
    fi
    if [ -n "$missing" ]; then
        install_packages
        [ -n "$node" ] || find_node
    fi

    [ -n "$node" ] || die "no node that fits was found: install Node 18.19 to 26 (https://nodejs.org/en/download), or name one with --node /path/to/node. Nothing was changed."
    say "node $node_version at $node"
    warn_if_mounted_late "$node"
    warn_if_mounted_late "$prefix"
    [ -z "$destdir" ] || return 0

    find_program virsh >/dev/null || die_missing virsh "virsh"
    say "virsh $(virsh --version) at $(find_program virsh)"
    has_flock || die_missing flock "flock, the one of util-linux,"
}

# busybox has a flock too, without the options that we use.
has_flock() { find_program flock >/dev/null && flock --version 2>/dev/null | grep -q util-linux; }

die_missing() {
    die "$2 is missing: install it${manager:+ ($manager, package $(package_of "$1"))} so that it is in /usr/bin or a folder like it, and run install.sh again. Nothing else was changed."
}

# Sets node and node_version, or leaves node empty and says why each candidate does not fit.
find_node() {
    node=
    if [ -n "$node_wanted" ]; then
        judge_node "$node_wanted"
        [ -z "$unfit" ] || die "the node that --node or NODE names, $node_wanted, $unfit. Name another. Nothing was changed."
        node=$node_wanted
        return
    fi
    for candidate in /usr/bin/node /usr/bin/nodejs /usr/local/bin/node \
        "$(command -v node || :)" "$(command -v nodejs || :)"; do
        [ -x "$candidate" ] || continue
        real=$(readlink -f -- "$candidate")
        case " $judged " in *" $real "*) continue ;; esac
        judged="$judged $real"
        judge_node "$candidate"
        if [ -z "$unfit" ]; then
            node=$candidate
            return
        fi
        say "$candidate $unfit"
    done
}

# Sets node_version, and in unfit what is wrong. The environment is empty, as it is under udev:
# the stand-ins of version managers (asdf, volta) do not run there.
judge_node() {
    unfit=$(why_unsafe "$1")
    [ -z "$unfit" ] || return 0
    if [ ! -x "$1" ] || [ -d "$1" ]; then
        unfit="is not a program"
        return
    fi
    node_version=$(env -i "$1" --version 2>/dev/null) || node_version=
    node_version=${node_version#v}
    major=${node_version%%.*}
    minor=${node_version#*.}
    minor=${minor%%.*}
    case $major-$minor in
    -* | *- | *[!0-9-]*) unfit="does not say a version when run with an empty environment, as udev does" ;;
    *)
        if [ "$major" -lt 18 ] || { [ "$major" -eq 18 ] && [ "$minor" -lt 19 ]; }; then
            unfit="is node $node_version, which is too old: 18.19 to 26 is needed"
        elif [ "$major" -gt 26 ]; then
            unfit="is node $node_version, which is newer than what was tried: 18.19 to 26 is needed"
        elif ! env -i "$1" --jitless -e 0 >/dev/null 2>&1; then
            unfit="is node $node_version, but 'node --jitless -e 0' fails, and udev's sandbox allows no other way"
        fi
        ;;
    esac
}

warn_if_mounted_late() {
    real=$(readlink -f -- "$1" || :)
    case $1:$real in
    /snap/* | *:/snap/* | *:/usr/bin/snap) where="a snap" ;;
    /home/* | *:/home/*) where="under /home" ;;
    /root/* | *:/root/*) where="under /root" ;;
    /opt/* | *:/opt/*) where="under /opt" ;;
    *)
        device=$(stat -c %d -- "$real" 2>/dev/null || :)
        case $device in
        '' | "$(stat -c %d /)" | "$(stat -c %d /usr)") return 0 ;;
        esac
        where="on a file system of its own"
        ;;
    esac
    warn "$1 is $where, which may not be mounted yet when the host finds its devices at boot. The worker, which is started once at each boot, makes up for that; a path under /usr is safer."
}

install_packages() {
    for candidate in apt-get dnf zypper pacman apk; do
        if has "$candidate"; then
            manager=$candidate
            break
        fi
    done
    wanted=
    for program in $missing; do
        # A node that is there and does not fit is what the distribution has.
        if [ "$program" = node ] && { [ -e /usr/bin/node ] || [ -e /usr/bin/nodejs ]; }; then continue; fi
        wanted="$wanted $(package_of "$program")"
    done
    if [ -z "$wanted" ] || [ -n "$destdir" ] || [ -z "$packages" ]; then return 0; fi
    # $wanted is split at its spaces on purpose.
    # shellcheck disable=SC2086
    case $manager in
    apt-get)
        run_manager env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $wanted && return
        run_manager apt-get update || :
        run_manager env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $wanted
        ;;
    dnf) run_manager dnf install -y $wanted ;;
    zypper) run_manager zypper --non-interactive install $wanted ;;
    pacman) run_manager pacman -S --needed --noconfirm $wanted ;;
    apk) run_manager apk add $wanted ;;
    esac || warn "$manager could not install$wanted: what is missing is named below."
}

run_manager() {
    say "running: $*"
    "$@" </dev/null
}

package_of() {
    case $1:$manager in
    node:*) echo nodejs ;;
    virsh:apt-get) echo libvirt-clients ;;
    virsh:pacman) echo libvirt ;;
    virsh:*) echo libvirt-client ;;
    flock:*) echo util-linux ;;
    esac
}

# --- build ----------------------------------------------------------------------------------

build_unless_built() {
    if [ -f "$tree/dist/hook.cjs" ]; then
        newer=$(find "$tree/src" -name '*.ts' -newer "$tree/dist/hook.cjs" 2>/dev/null | head -n 1)
        [ -z "$newer" ] || warn "$newer is newer than dist/, which is installed as it is. If you changed it: run 'npm run build', then install.sh again."
        return
    fi
    build_path=${node%/*}:$PATH
    env PATH="$build_path" sh -c 'command -v npm' >/dev/null || die "the program is not built, and npm, which builds it, is missing. Install npm; or run 'npm ci && npm run build' on another machine with Node $node_version and copy dist/ here. Nothing was changed."
    say "building in $tree: npm ci, npm run build"
    run_in_tree_as_owner 'npm ci --include=dev --no-audit --no-fund && npm run build' ||
        die "the build failed; npm says why above. Nothing was installed."
    [ -f "$tree/dist/hook.cjs" ] || die "the build ended without dist/hook.cjs. Nothing was installed."
}

# Packages' build scripts need not run as root, and root's files in a person's tree are a nuisance.
run_in_tree_as_owner() {
    owner=$(stat -c %U -- "$tree")
    if ! is_root || [ "$owner" = root ] || ! id "$owner" >/dev/null 2>&1; then owner=; fi
    # shellcheck disable=SC2016 # $1 and $2 are for the inner shell
    run='PATH=$1 && export PATH && cd -- "$2" && '$1
    if [ -n "$owner" ]; then
        su -s /bin/sh -c "$run" "$owner" sh "$build_path" "$tree"
    else
        sh -c "$run" sh "$build_path" "$tree"
    fi
}

# --- files ----------------------------------------------------------------------------------

# What install puts, as MODE SOURCE TARGET, in the order in which it is put: what is loaded before
# what loads it, and what wakes anybody (units, rules) after everything.
list_files() {
    for source in dist/*.cjs.map dist/unix_dgram.node dist/*.cjs; do
        case $source in dist/service.cjs | dist/cli.cjs | dist/hook.cjs) continue ;; esac
        [ ! -f "$source" ] || echo "644 $source $lib/${source#dist/}"
    done
    for program in service cli hook; do echo "644 dist/$program.cjs $lib/$program.cjs"; done
    echo "755 rules/hook $lib/hook"
    echo "755 rules/$name $command"
    for source in README.md LICENSE; do
        [ ! -f "$source" ] || echo "644 $source $doc/$source"
    done
    while read -r source target; do
        [ ! -f "dist/$source" ] || echo "644 dist/$source $share/$target"
    done <<END
$name.8 man/man8/$name.8
$name.bash bash-completion/completions/$name
$name.zsh zsh/site-functions/_$name
$name.fish fish/vendor_completions.d/$name.fish
END
    if [ -n "$systemd" ]; then
        for unit in $unit_names; do echo "644 rules/$unit $units/$unit"; done
    fi
    echo "755 rules/qemu-hook $qemu_hook"
    echo "644 rules/zz-$name.rules $rules_file"
}

put_files() {
    files=$(cd -- "$tree" && list_files)
    recorded=
    if [ -f "$destdir$manifest" ]; then recorded=$(cat -- "$destdir$manifest"); fi
    now=           # what $manifest will say
    targets=       # all of them
    staged=        # targets whose new content lies beside them
    report=        # what to say of them
    made_folders=  # folders that were not there before
    trap 'discard_staged' EXIT
    trap 'exit 130' INT TERM HUP

    make_folder "$lib"
    while read -r mode source target; do
        stage "$mode" "$source" "$target"
    done <<END
$files
END
    folders=$(printf '%s\n' "$recorded" "$made_folders" | grep '^directory ' | sort -u || :)
    now=$(printf '%s\n' "$folders" "$now" | grep . || :)

    if [ -n "$staged" ]; then
        # Both, so that after a crash on the way every file is still known as ours.
        write_manifest "$(printf '%s\n' "$recorded" "$now" | grep . || :)"
        made_folders=
        trap '' INT TERM HUP
        for target in $staged; do
            mv -f -- "$(beside "$target")" "$destdir$target" || die "not everything was installed: run install.sh again."
        done
        staged=
        changed=yes
        say "$report"
    fi
    made_folders=
    trap - EXIT INT TERM HUP

    remove_recorded "$(list_dropped)"
    write_manifest "$now"
}

# What an earlier version put and this one does not.
list_dropped() {
    printf '%s\n' "$recorded" | grep -v '^directory ' | while read -r sum target; do
        case " $targets " in *" $target "*) continue ;; esac
        # /lib/udev is /usr/lib/udev since the host was merged.
        if same_place "$destdir$target" "$destdir$rules_file"; then continue; fi
        echo "$sum  $target"
    done
}

# Where a file waits to be renamed; neither udev nor systemd reads such a name.
beside() { echo "$destdir${1%/*}/.${1##*/}.new"; }

stage() {
    file=$destdir$3
    [ -r "$tree/$2" ] || die "$tree/$2 is missing: this is not a whole source tree. Nothing was changed."
    sum=$(render "$2" | checksum)
    targets="$targets $3"
    now="$now
$sum  $3"
    if [ -f "$file" ] && [ ! -L "$file" ] && [ "$(checksum <"$file")" = "$sum" ]; then
        own "$1" "$file"
        return
    fi
    what=new
    if exists "$file"; then
        what=changed
        if ! is_recorded "$3"; then
            keep_theirs "$3"
            case $3 in "$lib"/*) ;; *) return 0 ;; esac
        fi
    fi
    make_folder "${3%/*}"
    new=$(beside "$3")
    staged="$staged $3"
    if ! { rm -rf -- "$new" && render "$2" >"$new" && [ "$(checksum <"$new")" = "$sum" ] && own "$1" "$new"; }; then
        die "$new could not be written. Nothing was changed."
    fi
    report="$report${report:+
}$what: $file"
}

render() {
    case $1 in
    rules/*) sed -e "s|@NODE@|$node|g" -e "s|@LIB@|$lib|g" -- "$tree/$1" ;;
    *) cat -- "$tree/$1" ;;
    esac
}

# Is the file at this target, as it is, one that install.sh put there?
is_recorded() {
    [ -f "$destdir$1" ] && [ ! -L "$destdir$1" ] &&
        printf '%s\n' "$recorded" | grep -qxF "$(checksum <"$destdir$1")  $1"
}

# The program's own folder must be of one piece, so there theirs is set aside; elsewhere it stays.
keep_theirs() {
    case $1 in
    "$lib"/*)
        aside=$destdir$1.yours-$(date +%Y%m%d%H%M%S)
        cp -pP -- "$destdir$1" "$aside"
        warn "$destdir$1 was changed by hand: your version is kept as $aside, and not used."
        ;;
    *) warn "$destdir$1 is not as install.sh left it, so it is yours and stays. To have ours: move it away and run install.sh again." ;;
    esac
}

make_folder() {
    [ ! -d "$destdir$1" ] || return 0
    case $1 in
    '')
        mkdir -p -- "$destdir/"
        return
        ;;
    esac
    make_folder "${1%/*}"
    mkdir -- "$destdir$1" || die "$destdir$1 could not be made. Nothing was changed."
    # Debian's /usr/local hands down its group and setgid bit.
    own u=rwx,go=rx,g-s "$destdir$1"
    made_folders="$made_folders
directory $1"
}

own() {
    ! is_root || chown 0:0 -- "$2"
    chmod "$1" -- "$2"
}

discard_staged() {
    for target in $staged; do rm -f -- "$(beside "$target")"; done
    remove_recorded "$made_folders"
}

write_manifest() {
    if [ -f "$destdir$manifest" ] && [ "$(cat -- "$destdir$manifest")" = "$1" ]; then return 0; fi
    new=$(beside "$manifest")
    printf '%s\n' "$1" >"$new"
    own 644 "$new"
    mv -f -- "$new" "$destdir$manifest"
}

# Removes what the manifest's lines name, last put first, and leaves what is not as we put it.
remove_recorded() {
    lines=$(printf '%s\n' "$1" | sed '1!G;h;$!d')
    while read -r sum target; do
        file=$destdir$target
        case $sum in
        '') ;;
        directory)
            if [ -d "$file" ]; then rmdir -- "$file" 2>/dev/null || say "left: $file, which is not empty"; fi
            ;;
        *)
            exists "$file" || continue
            if [ -f "$file" ] && [ ! -L "$file" ] && [ "$(checksum <"$file")" = "$sum" ]; then
                rm -f -- "$file"
                say "removed: $file"
            elif ! is_recorded "$target"; then
                say "left: $file, which is not as install.sh put it"
            fi
            ;;
        esac
    done <<END
$lines
END
}

# --- the host's services --------------------------------------------------------------------

label_files() {
    if [ -r /sys/fs/selinux/enforce ]; then
        if [ "$(cat /sys/fs/selinux/enforce)" = 1 ]; then mode=enforcing; else mode=permissive; fi
        if has restorecon; then
            attempt restorecon -R "$lib" "$doc" "$command" "$rules_file" \
                ${systemd:+"$units/$name.path" "$units/$name.service" "$units/$name-missed.service"}
            say "SELinux is $mode: the installed files have been given their labels (restorecon). What it denies is shown by: ausearch -m avc -ts recent"
        else
            warn "SELinux is $mode, and restorecon is missing: the installed files may have wrong labels. Install policycoreutils and run: restorecon -R $lib $command $units $rules_file"
        fi
    elif has getenforce; then
        say "SELinux: $(getenforce 2>/dev/null || echo unknown)"
    else
        say "SELinux: not present"
    fi
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then
        say "AppArmor is enabled: libvirt itself adds each device to its domain's profile when it is attached (virt-aa-helper), so nothing was set up. What it denies is shown by: journalctl -k -g apparmor"
    else
        say "AppArmor: not enabled"
    fi
}

activate() {
    attempt udevadm control --reload
    if [ -z "$systemd" ]; then
        say "no systemd here: the units were not installed. The hook then does the work itself while udev waits for it, each time a device comes or goes; nothing looks again by itself when a domain starts or libvirtd comes back: run '$name sync' then."
        return
    fi
    # The daemon knows the hook scripts that it found when it started, or at its last reload.
    for daemon in libvirtd virtqemud; do
        if [ -n "$changed" ] && systemctl -q is-active "$daemon.service"; then attempt systemctl reload "$daemon.service"; fi
    done
    attempt systemctl daemon-reload
    # shellcheck disable=SC2086 # names of ours, without blanks
    attempt systemctl -q enable $unit_names
    if [ -n "$changed" ]; then
        # An old worker may be lingering with the old code; what it leaves waiting is found again.
        attempt systemctl -q stop "$name.service"
        attempt systemctl restart "$name.path"
    else
        attempt systemctl start "$name.path"
    fi
    attempt systemctl --no-block start "$name.service" "$name-missed.service"
}

# --- self-check -----------------------------------------------------------------------------

ok() { say "ok: $*"; }
failed() {
    printf 'FAILED: %s\n' "$*" >&2
    failures=yes
}

self_check() {
    failures=
    check_addon
    if [ -n "$destdir" ]; then
        say "DESTDIR: nothing was enabled, reloaded or tried."
        return
    fi
    check_hook
    check_rules
    check_units
    check_virsh
    check_qemu_hook
}

check_addon() {
    addon=$destdir$lib/unix_dgram.node
    remedy="Log lines go by logger(1) instead, a process for each. To have the addon: build with this node (remove $tree/dist and run install.sh again)."
    if [ ! -f "$addon" ]; then
        warn "the syslog addon (unix_dgram.node) was not built: $remedy"
    elif "$node" -e 'process.dlopen({ exports: {} }, process.argv[1])' "$addon" >/dev/null 2>&1; then
        ok "the syslog addon loads in node $node_version"
    else
        warn "the syslog addon does not load in node $node_version, it was built for another: $remedy"
    fi
}

check_hook() {
    if version=$(env -i "$lib/hook" --version 2>&1); then
        ok "the hook runs ($version)"
    else
        failed "$lib/hook --version: ${version:-no output}: run it by hand; is $lib on a file system mounted noexec?"
        return
    fi
    if [ -z "$systemd" ] || ! has systemd-run; then return 0; fi
    # As the front starts it under udev.
    if version=$(systemd-run --quiet --wait --pipe --collect -p MemoryDenyWriteExecute=yes \
        -p 'RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6' "$node" --jitless "$lib/hook.cjs" --version 2>&1 </dev/null); then
        ok "the hook runs in a sandbox like udev's"
    else
        failed "the hook does not run in a sandbox like udev's: ${version:-no output}: look for denials (SELinux: ausearch -m avc -ts recent)"
    fi
}

check_rules() {
    own_copy=/etc/udev/rules.d/${rules_file##*/}
    if exists "$own_copy"; then
        warn "$own_copy is used instead of $rules_file: remove it unless that is what you want"
    elif [ ! -f "$rules_file" ]; then
        failed "$rules_file is not there: run install.sh again"
    elif grep -qF "$lib/hook" "$rules_file"; then
        ok "udev's rules are in $rules_file"
    else
        failed "$rules_file does not call $lib/hook: move it away and run install.sh again"
    fi
}

check_units() {
    if [ -z "$systemd" ]; then
        warn "no systemd: the hook does the work itself while udev waits"
    elif systemctl is-active --quiet "$name.path"; then
        ok "$name.path is active"
    else
        failed "$name.path is not active: see 'systemctl status $name.path'"
    fi
    say_own_units
}

# Units and drop-ins that people wrote stand above ours.
say_own_units() {
    for unit in $unit_names; do for own_unit in "/etc/systemd/system/$unit" "/etc/systemd/system/$unit.d"; do
        case $own_unit in
        *.d) ;;
        *) [ "$units" != /etc/systemd/system ] || continue ;;
        esac
        if exists "$own_unit"; then say "yours, left as it is: $own_unit"; fi
    done; done
}

# Before 6.5.0 libvirt knows one script only, hooks/qemu, which may be somebody's own.
check_qemu_hook() {
    if [ "$(printf '%s\n' 6.5.0 "$(virsh --version)" | sort -V | head -n 1)" = 6.5.0 ]; then
        ok "libvirt tells when domains start and stop, by $qemu_hook"
    else
        warn "this libvirt does not read $qemu_hook: have /etc/libvirt/hooks/qemu end with: exec $qemu_hook \"\$@\". Without that, nothing looks again by itself when a domain starts: run '$name sync' then."
    fi
}

# The hypervisor that the worker asks.
ask_virsh() { timeout 15 virsh --connect qemu:///system "$@" </dev/null; }

check_virsh() {
    if uri=$(ask_virsh uri 2>&1); then
        ok "virsh reaches $(echo "$uri" | grep .)"
    else
        warn "virsh does not reach its hypervisor ($(echo "$uri" | grep . | head -n 1)): start libvirtd (systemctl start libvirtd, or virtqemud). Devices wait until then."
    fi
}

# --- the rules of others --------------------------------------------------------------------

# FILE:LINE:TEXT of every rule, not ours, that holds one of these strings.
rules_with() {
    for folder in /etc/udev/rules.d /run/udev/rules.d /usr/local/lib/udev/rules.d \
        /usr/lib/udev/rules.d /lib/udev/rules.d; do
        if [ "$folder" = /lib/udev/rules.d ] && same_place "$destdir/lib" "$destdir/usr/lib"; then continue; fi
        for rule in "$destdir$folder"/*.rules; do
            if [ ! -f "$rule" ] || [ "$rule" = "$destdir$rules_file" ]; then continue; fi
            grep -nF -e "$1" -e "${2:-$1}" -- "$rule" /dev/null || :
        done
    done | grep -v '^[^:]*:[0-9]*:[[:space:]]*#' || :
}

say_old_script() {
    found=$(rules_with usb-libvirt-hotplug.sh)
    [ -n "$found" ] || return 0
    say ""
    say "These rules call the old script. They work with $name when you change the one path to $lib/hook:"
    say "$found"
}

say_next_step() {
    say ""
    say "Next: say which device belongs to which domain, in a file such as /etc/udev/rules.d/80-vm-usb.rules:"
    say "  ACTION==\"add|bind|change\", SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", ATTR{idVendor}==\"046d\", ATTR{idProduct}==\"c52b\", ENV{USB_LIBVIRT_DOMAIN}=\"my-domain\""
    say "then, for what is plugged in already: $name sync --rescan"
}

# --- install and uninstall ------------------------------------------------------------------

install_all() {
    refuse_second_prefix
    check_host
    build_unless_built
    changed=
    put_files
    [ -n "$changed" ] || say "nothing changed: everything was installed already"
    if [ -z "$destdir" ]; then
        label_files
        activate
    fi
    self_check
    say_old_script
    say_next_step
    if [ -n "$failures" ]; then die "installed, but not everything works: see FAILED above."; fi
}

# The rules file is one for the host, and names one folder.
refuse_second_prefix() {
    [ -f "$destdir$rules_file" ] || return 0
    other=$(sed -n "/^[^#]/s|.*\"\\(/[^\" ]*\\)/lib/$name/hook.*|\\1|p" "$destdir$rules_file" | head -n 1)
    if [ -z "$other" ] || [ "$other" = "$prefix" ] || [ ! -f "$destdir$other/lib/$name/installed" ]; then return 0; fi
    die "$name is installed under $other already. Run 'install.sh --uninstall --keep --prefix $other' first, or upgrade it with --prefix $other. Nothing was changed."
}

uninstall_all() {
    if [ ! -d "$destdir$lib" ]; then
        say "$name is not installed under $prefix: there is nothing to remove."
        return
    fi
    [ -f "$destdir$manifest" ] || die "$destdir$manifest, the list of what was installed, is missing. Run install.sh once to make it again, then install.sh --uninstall. Nothing was changed."
    recorded=$(cat -- "$destdir$manifest")
    failures=
    if [ -z "$destdir" ]; then
        [ -n "$keep" ] || detach_all
        # shellcheck disable=SC2086 # names of ours, without blanks
        [ -z "$systemd" ] || attempt systemctl -q disable --now $unit_names
    fi
    # The list itself goes after all it names, and before its folder.
    remove_recorded "$(printf '%s\n' "$recorded" | grep -v '^directory ')"
    rm -f -- "$destdir$manifest"
    remove_recorded "$(printf '%s\n' "$recorded" | grep '^directory ')"
    if [ -z "$destdir" ]; then
        if [ -d "$state" ]; then
            rm -rf -- "$state"
            say "removed: $state"
        fi
        if [ -n "$systemd" ]; then
            attempt systemctl daemon-reload
            # shellcheck disable=SC2086 # names of ours, without blanks
            systemctl -q reset-failed $unit_names 2>/dev/null || :
            say_own_units
        fi
        attempt udevadm control --reload
        say_still_attached
    fi
    say_rules_that_still_call_us
    if [ -n "$failures" ]; then die "uninstalled, but not everything was detached: see above."; fi
}

detach_all() {
    if ! is_recorded "$command"; then
        failed "$command is not the one install.sh put there, so nothing was detached"
        return
    fi
    say "detaching what $name attached"
    timeout 60 "$command" detach --all </dev/null ||
        failed "'$command detach --all' failed (status $?): what is left attached is named below"
}

# Everything we attach carries a mark that begins with ua-usbhp-.
say_still_attached() {
    if ! domains=$(ask_virsh list --uuid --name 2>/dev/null); then
        warn "virsh could not say whether devices are still attached. Look for ua-usbhp- in 'virsh dumpxml DOMAIN'."
        return
    fi
    while read -r uuid domain; do
        [ -n "$uuid" ] || continue
        for mark in $(ask_virsh dumpxml "$uuid" 2>/dev/null | grep -o 'ua-usbhp-[A-Za-z0-9_-]*' | sort -u); do
            say "still attached to $domain: $mark. To take it back: virsh detach-device-alias $uuid $mark --live"
        done
    done <<END
$domains
END
}

say_rules_that_still_call_us() {
    found=$(rules_with "$lib/hook" USB_LIBVIRT_DOMAIN)
    [ -n "$found" ] || return 0
    say ""
    say "These rules still call $name. They are yours and were left alone; remove or change them:"
    say "$found"
}

main() {
    parse_arguments "$@"
    if [ -z "$destdir" ] && ! is_root; then
        die "this must run as root, because it changes udev and systemd: try sudo. Nothing was changed."
    fi
    # Tools of the host that su without - does not find.
    PATH=$PATH:$system_path
    export PATH
    export LC_ALL=C
    unset NODE_OPTIONS CDPATH
    umask 022
    tree=$(cd -- "$(dirname -- "$0")" && pwd)
    name_places
    "${action}_all"
}

main "$@"
