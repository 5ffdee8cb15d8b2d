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
for _ in 1 2 3; do
    # shellcheck disable=SC2046 # words
    kill -9 $(sleepers)
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
victims=$(sleepers | head -n 10) # more than one: its number may be free again for a moment
bomb=$(dmesg | sed -n 's/.*vrf-launch: bomb: started, PID //p' | tail -n 1)
: >/run/go
# From here on nothing can be started: what is left are the shell's own commands.
wait_() {
    read -r before _ </proc/uptime
    now=$before
    until [ "${now%.*}" -ge $((${before%.*} + $1)) ]; do read -r now _ </proc/uptime; done
}
wait_ 3
# shellcheck disable=SC2086 # words
kill -9 $victims
wait_ 3
kill -9 -"$bomb" || fail "no bomb of the number $bomb"
expect 'the first process runs' soon grep -q '^State:.S' /proc/1/status
soon count 20 || expect 'services run again' soon count 20 # after 8 s at most
match 'it was told that there are no more' "$(dmesg | grep vrf-launch)" 'vrf-launch: cannot start [a-z0-9]*: EAGAIN'
match 'nothing that it says is left out' "$(dmesg | grep -c 'vrf-launch: s20: started')" '^[45]$'
expect 'no zombie is left' soon none
echo 32768 >/proc/sys/kernel/pid_max

case_ ctrl_alt_del_ends_the_machine
# The kernel's answer to the keys: 1 is a reboot at once, 0 the same signal to the first process. No keyboard is here.
equal 'the keys are for the first process' "$(cat /proc/sys/kernel/ctrl-alt-del)" 0
end_
kill -INT 1
