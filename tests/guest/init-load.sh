#!/bin/sh
# The first process under load: twenty services that are killed, orphans, a fork bomb; and INT, which reboots.
# init: init-load.conf
# modules: vrf
# timeout: 300
# kernels: debian-6.1
# cases: services_get_term_first
# says: vrf-launch: rebooting
# says: reboot: Restarting system

sleepers() {
    ip vrf pids mgmt | awk '{ print $1 }'
}
count() {
    [ "$(sleepers | wc -l)" = "$1" ]
}
memory() {
    echo "# memory of the first process, $1: $(grep -E '^(VmRSS|RssAnon|RssFile)' /proc/1/status | tr -s '\t \n' ' ')" \
        "$(grep -E '^(Pss|Pss_Anon|Private_Dirty)' /proc/1/smaps_rollup | tr -s '\t \n' ' ')"
}

case_ memory_with_twenty_services
soon count 20 || fail 'not all run'
memory 'twenty services'
# All of it: its own memory, and what it has of the binary in the page cache.
expect 'at most 200 KiB' test "$(awk '/^VmRSS/ { print $2 }' /proc/1/status)" -le 200

case_ storm_of_kills
gone() {
    for process in $killed; do
        [ ! -d "/proc/$process" ] || return 1
    done
}
for _ in 1 2 3; do
    killed=$(sleepers)
    # shellcheck disable=SC2086 # words
    kill -9 $killed
    soon gone || fail 'killed processes are left'
    soon count 20 || expect 'all run again' soon count 20
done
memory 'after the storm'

case_ orphans_are_reaped
before=$(sed -n 's/^processes //p' /proc/stat)
expect 'ten thousand' init-load orphans 10 1000
zombies() { grep -l '^State:.Z' /proc/[0-9]*/status 2>/tmp/said; }
none() { ! zombies; }
expect 'no zombie is left' soon none
expect 'as many there were' test $(($(sed -n 's/^processes //p' /proc/stat) - before)) -ge 10000
memory 'after ten thousand orphans'

case_ fork_bomb
echo 400 >/proc/sys/kernel/pid_max
kept=$(dmesg | sed -n 's/.*vrf-launch: s20: started, PID //p' | tail -n 1)
bomb=$(dmesg | sed -n 's/.*vrf-launch: bomb: started, PID //p' | tail -n 1)
group=/sys/fs/cgroup$(sed 's/^0:://' "/proc/$kept/cgroup")
# Nothing can be started then: what has to be done is done by a program that is there before. It kills the services but for s20
# until the first process has met that, too.
expect 'the first process is told that there are no more' init-load exhaust /run/go "$group/cgroup.procs" "$kept" "$bomb"
expect 'the first process runs' soon grep -q '^State:.S' /proc/1/status
soon count 20 || soon count 20 || expect 'services run again' soon count 20 # the last wait between two attempts is 8 s
# The one that has something to say at the end could not fork either, and has ended.
expect 'traps runs again' soon sh -c "grep -qsa 'services_get_term_firs[t]' /proc/[0-9]*/cmdline"
equal 'nothing that it says is left out' "$(dmesg | grep -c 'vrf-launch: s20: started')" 4
expect 'no zombie is left' soon none
echo 32768 >/proc/sys/kernel/pid_max

case_ ctrl_alt_del_ends_the_machine
# The kernel's answer to the keys: 1 is a reboot at once, 0 the same signal to the first process. No keyboard is here.
equal 'the keys are for the first process' "$(cat /proc/sys/kernel/ctrl-alt-del)" 0
end_
kill -INT 1
