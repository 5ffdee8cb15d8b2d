#!/bin/sh
# What stays in memory beside a service that each way has started.
# kernels: debian-6.1
# modules: vrf
# source: costs.c
# programs: runsv runsvdir chpst s6-supervise s6-svscan
# timeout: 300
# shellcheck source=/dev/null # lib.sh, beside this
. /test/more.sh
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link add eth0 type dummy
ip link set eth0 master mgmt
ip link set eth0 up

sleeps() {
    # shellcheck disable=SC2009 # this busybox has no pgrep
    ps -o args | grep -q '^/busybox/[s]leep 1000'
}
# parents ROW COMMAND...: what runs beside `sleep 1000` when COMMAND has started it
parents() {
    row=$1
    shift
    setsid "$@" >/tmp/log 2>&1 </dev/null &
    first=$!
    soon sleeps || fail "$row: not started"
    sleep 1
    kib=0 own=0
    for pid in $(ps -o pid,args | awk -v row="$what" '$2 ~ row { print $1 }'); do
        costs resident "$pid" >/tmp/resident
        read -r rss anonymous </tmp/resident
        kib=$((kib + rss)) own=$((own + anonymous))
    done
    give 'memory of what stays' "$row" 'resident (KiB)' $kib
    give 'memory of what stays' "$row" 'of which anonymous (KiB)' $own
    # shellcheck disable=SC2046 # words
    kill -9 $(ps -o pid,args | awk '/[s]leep 1000|runsv|s6-s|^ *[0-9]+ .vrf-launch/ { print $1 }') 2>/tmp/said
    wait $first 2>/tmp/said
}

case_ memory
mkdir -p /tmp/services/one
printf '#!/bin/sh\nexec /busybox/sleep 1000\n' >/tmp/services/one/run
chmod +x /tmp/services/one/run
printf 'auto one\nservice one\n vrf mgmt\n exec /busybox/sleep 1000\n' >/tmp/conf
what='^/vrf-launch'
parents 'a launch: nothing' /vrf-launch mgmt -- /busybox/sleep 1000
parents 'vrf-launch run' /vrf-launch -c /tmp/conf run
parents 'vrf-launch, --bind seccomp' /vrf-launch --bind seccomp mgmt -- /busybox/sleep 1000
what='runsv'
parents 'runsvdir and runsv' runsvdir /tmp/services
what='s6-s'
parents 's6-svscan and s6-supervise' s6-svscan /tmp/services
