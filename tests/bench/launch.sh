#!/bin/sh
# What a launch costs, by each way there is.
# kernels: debian-6.1
# modules: vrf
# source: costs.c
# programs: chpst s6-applyuidgid
# clocks: instructions plain
# timeout: 900
# shellcheck source=/dev/null # lib.sh, beside this
. /test/more.sh
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link add eth0 type dummy
ip link set eth0 master mgmt
ip link set eth0 up
ip netns add own
costs loader /loader
n=10 t=launch
version iproute2 "$(ip -V)"

# each DEED: with every way to launch
each() {
    "$1" 'fork and exec'
    "$1" 'a loader that does nothing' /loader
    "$1" 'chpst (runit)' chpst -P
    "$1" 's6-applyuidgid (s6)' s6-applyuidgid -u 0 -g 0
    "$1" 'setpriv (util-linux)' setpriv --no-new-privs
    for level in bind guard strict; do
        "$1" "vrf-launch, $level" /vrf-launch --isolation $level mgmt --
    done
    "$1" 'vrf-launch, --bind seccomp' /vrf-launch --bind seccomp mgmt --
    "$1" 'ip vrf exec' ip vrf exec mgmt
    "$1" 'ip netns exec' ip netns exec own
}
needs() {
    row=$1
    shift
    "$@" /busybox/true # what the first makes, others find
    rounds=1 measure $t "$row" 'system calls, page faults, memory (KiB), of which anonymous (KiB)' costs calls "$@" /busybox/true
}
takes() {
    row=$1
    shift
    measure $t "$row" "$columns" costs launch $n "$@" /busybox/true
}

# Services of `run`, each in a child that is made in its cgroup; what is left when `run` itself is taken off.
for count in 1 21; do
    for level in bind guard strict; do
        for number in $(seq $count); do
            printf 'auto s%s\nservice s%s\n vrf mgmt\n exec /busybox/true\n respawn no\n isolation %s\n' "$number" "$number" $level
        done >/tmp/services.$level.$count
    done
done
# spread COMMAND...: of each number that it prints for 21 services, what one of the 20 more costs
per_service() {
    verb=$1 level=$2
    many=$(costs "$verb" /vrf-launch -q -c "/tmp/services.$level.21" run)
    one=$(costs "$verb" /vrf-launch -q -c "/tmp/services.$level.1" run)
    echo "$many $one" | awk '{ for (n = 1; n <= NF / 2; n++) printf "%d ", ($n - $(NF / 2 + n)) / 20 }'
}
services() {
    for level in bind guard strict; do
        per_service once $level >/tmp/said # what is made once is made
        [ -n "$plain" ] || rounds=1 measure $t "a service of vrf-launch run, $level" 'system calls' per_service total "$level"
        measure $t "a service of vrf-launch run, $level" "$columns" per_service once "$level"
    done
}

case_ launches
if [ -n "$plain" ]; then
    columns='-, µs by the wall clock'
    each takes
    services
else
    each needs
    columns='instructions, latency (µs)'
    each takes
    services
fi

case_ launches_with_favordynmods
# Nobody waits for a grace period of RCU then.
mount -o remount,favordynmods /sys/fs/cgroup
if [ -z "$plain" ]; then
    columns='-, latency with favordynmods (µs)'
    each takes
fi
