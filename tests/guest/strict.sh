#!/bin/sh
# What a service at strict does not reach any more: processes outside, and what root in it could change the machine by. Each way is
# tried at guard, too, where it is open.
# kernels: debian-5.10 debian-6.1 debian-newest alpine-6.18
# modules: vrf dummy
# timeout: 120
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link set lo up
tree=/sys/fs/cgroup
[ ! -e /proc/sys/kernel/yama/ptrace_scope ] || echo 0 >/proc/sys/kernel/yama/ptrace_scope
nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
version=$(strict version)
echo "# Landlock, version $version"

# at LEVEL WORD...: what comes of the ways
at() {
    level=$1
    shift
    /vrf-launch --isolation "$level" mgmt -- "$@" 2>&1
}
# A process outside, of a user, and one in another service.
# shellcheck disable=SC2086 # words
background $nobody strict hold
outside=$pid
soon grep -q held "$log" || fail 'nobody is outside'
# shellcheck disable=SC2086 # words
background /vrf-launch --isolation strict mgmt -- $nobody strict hold
neighbour=$pid
soon grep -q held "$log" || fail 'nobody is in another service'
pids='' # they stay for all cases

case_ the_kernel_has_what_is_expected_of_it
case $(uname -r) in
5.10.*) equal 'Landlock' "$version" 0 ;;
6.1.*) equal 'Landlock' "$version" 2 ;;
*) expect 'Landlock' test "$version" -ge 6 ;;
esac

calls='ptrace readv writev getfd'
files='mem environ fd/0 root'
# each PID WORD...: the words with that process behind each
each() {
    to_=$1
    shift
    for way in "$@"; do
        printf '%s %s ' "$way" "$to_"
    done
}
# all RESULT WAY...
all() {
    result_=$1
    shift
    printf "%s: $result_\n" "$@"
}
refused() {
    echo "$2" | grep -q . || fail "$1: nothing was tried"
    if printf '%s\n' "$2" | grep -Eqv ': (Operation not permitted|Permission denied)$'; then
        fail "$1"
        printf '%s\n' "$2" | shown
    fi
}
# shellcheck disable=SC2046,SC2086 # words
same_user() {
    equal 'at guard' "$(at guard "$@" strict $(each $outside $calls $files))" "$(all open $calls $files)"
    for other in $outside $neighbour; do
        refused 'calls at strict' "$(at strict "$@" strict $(each $other $calls))"
        [ "$version" -lt 2 ] || refused 'files at strict' "$(at strict "$@" strict $(each $other $files))"
    done
    # Without Landlock this is open, and said so in isolation.md.
    [ "$version" -ge 2 ] || equal 'files without Landlock' "$(at strict "$@" strict $(each $outside mem))" 'mem: open'
}

case_ processes_of_the_same_user_outside_and_of_other_services_are_closed_to_nobody
# shellcheck disable=SC2086 # words
same_user $nobody

case_ and_to_root_who_becomes_another_user
# The user is changed within the service, by root at strict.
# shellcheck disable=SC2086 # words
same_user env LANG=C $nobody

case_ the_mounts_outside_are_not_reached_by_a_process_of_root_that_has_fewer_privileges
background setpriv --bounding-set=-all --inh-caps=-all strict hold
soon grep -q held "$log" || fail 'root without capabilities is outside'
file=/proc/$pid/root/proc/sys/kernel/core_pattern
equal 'at guard' "$(at guard strict "$file")" "$file: open"
[ "$version" -lt 2 ] || refused 'at strict' "$(at strict strict "$file")"

case_ a_service_traces_its_own_processes_where_landlock_is
# shellcheck disable=SC2086 # words
equal 'at guard' "$(at guard strict own $calls $files)" "$(all open $calls $files)"
if [ "$version" -ge 2 ]; then
    # shellcheck disable=SC2086 # words
    equal 'at strict' "$(at strict strict own $calls $files)" "$(all open $calls $files)"
else
    # shellcheck disable=SC2086 # words
    refused 'by the filter' "$(at strict strict own $calls)"
fi

case_ files_go_from_one_directory_into_another
for level in guard strict; do
    equal "at $level" "$(at $level strict move)" 'move: open'
    rm -r /tmp/moved
done

case_ signals_and_abstract_sockets_reach_nobody_outside_from_landlock_6_on
for way in "signal $outside" abstract; do
    # shellcheck disable=SC2086 # words
    equal "$way at guard" "$(at guard strict $way)" "${way% *}: open"
    if [ "$version" -ge 6 ]; then
        # shellcheck disable=SC2086 # words
        refused "$way at strict" "$(at strict strict $way)"
    fi
done
equal 'a child at strict' "$(at strict strict own signal)" 'signal: open'

case_ root_writes_to_no_file_by_which_the_machine_is_told_what_to_do
mkdir -p /tmp/sys /tmp/proc
mount --bind /proc/sys /tmp/sys
mount -t proc proc /tmp/proc
for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /tmp/sys/kernel/core_pattern /tmp/proc/sys/kernel/core_pattern \
    /tmp/proc/sysrq-trigger /proc/irq/default_smp_affinity $tree/cgroup.procs; do
    [ -e "$file" ] || continue
    equal 'at guard' "$(at guard strict "$file")" "$file: open"
    equal 'at strict' "$(at strict strict "$file")" "$file: Read-only file system"
done
umount /tmp/sys /tmp/proc
# From a working directory that a mount covers.
equal 'at guard, from there' "$(cd /proc/sys/kernel && at guard strict ./core_pattern)" './core_pattern: open'
equal 'at strict, from there' "$(cd /proc/sys/kernel && at strict strict ./core_pattern)" './core_pattern: Read-only file system'
equal 'and it is where it was' "$(cd /proc/sys/kernel && at strict pwd)" /proc/sys/kernel
expect 'outside all is as it was' sh -c '[ "$(strict /proc/sysrq-trigger)" = "/proc/sysrq-trigger: open" ]'

case_ it_is_so_where_the_launch_may_not_leave_a_chroot
without_chroot() {
    setpriv --bounding-set=-sys_chroot --inh-caps=-sys_chroot /vrf-launch --isolation "$@" 2>&1
}
equal 'at guard' "$(without_chroot guard mgmt -- strict /proc/sys/kernel/core_pattern)" '/proc/sys/kernel/core_pattern: open'
equal 'at strict' "$(without_chroot strict mgmt -- strict /proc/sys/kernel/core_pattern)" \
    '/proc/sys/kernel/core_pattern: Read-only file system'

case_ a_chroot_is_left_and_still_nothing_is_open
mkdir -p /jail /mnt
mount --bind / /jail
mount -t proc proc /jail/proc
mount -t sysfs sys /jail/sys
mount -t cgroup2 none /jail$tree
mount -t tmpfs none /jail/mnt
touch /jail/mnt/inside
jailed() {
    level=$1
    shift
    chroot /jail /vrf-launch --isolation "$level" mgmt -- "$@" 2>&1
}
for level in guard strict; do
    case $level in
    guard) says=open ;;
    *) says='Read-only file system' ;;
    esac
    for file in $tree/cgroup.procs /proc/sys/kernel/core_pattern; do
        equal "$file at $level" "$(jailed $level strict "$file")" "$file: $says"
        # Outside there is nothing in /mnt, inside there is.
        equal "it is out at $level" "$(jailed $level strict leave /mnt/inside)" '/mnt/inside: No such file or directory'
        equal "$file at $level, outside" "$(jailed $level strict leave "$file")" "$file: $says"
    done
    # shellcheck disable=SC2016 # for the inner shell
    equal "it is where it was at $level" \
        "$(chroot /jail sh -c 'cd /mnt; exec "$@"' sh /vrf-launch --isolation $level mgmt -- sh -c 'pwd; echo *; echo /mnt/*')" \
        "/mnt
inside
/mnt/inside"
done
umount -R /jail

case_ the_record_cannot_be_written
echo 'x ip link del x' >/run/vrf-launch/net-test
mkdir -p /tmp/run
mount --bind /run /tmp/run
for file in /run/vrf-launch/net-test /tmp/run/vrf-launch/net-test; do
    equal 'at guard' "$(at guard strict "$file")" "$file: open"
    equal 'at strict' "$(at strict strict "$file")" "$file: No such file or directory"
    match 'a new one' "$(at strict touch "$file.new")" 'Read-only file system'
done
umount /tmp/run
rm /run/vrf-launch/net-test
expect 'it is there outside' test -d /run/vrf-launch
rm -r /run/vrf-launch
match 'where nobody has made the folder' "$(at strict sh -c 'mkdir -p /run/vrf-launch; touch /run/vrf-launch/net-test')" 'Read-only file system'

kill "$outside" "$neighbour"
