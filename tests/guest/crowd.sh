#!/bin/sh
# Many at once: `up`, `down` and launches beside each other, interfaces that come and go meanwhile, and many launches one after
# the other, which leave nothing behind: no program, no cgroup, no process.
#
# Here 200 launches; with `trust=1` on the kernel's command line (make trust) 100,000, and RCU's grace periods, for which they
# wait most of the time, are expedited then.
# kernels: debian-6.1
# modules: vrf dummy
# source: faults.c
# timeout: 150
# trust: 7200
ip link add eth0 type dummy
ip link add eth1 type dummy
ip link set eth1 up
cat >/tmp/conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf mgmt
END
# together COMMAND...: twenty times at once; the exit codes
together() {
    : >/tmp/codes
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        { "$@" >>/tmp/together 2>&1; echo $? >>/tmp/codes; } &
    done
    wait
    sort -n /tmp/codes | uniq -c | tr -s ' \n' ' '
}
ip link add probe type vrf table 99
ip link del probe
state >/tmp/before

case_ twenty_at_once
equal 'up' "$(together /vrf-launch -q -c /tmp/conf up)" ' 20 0 '
state >/tmp/up
expect 'once more' /vrf-launch -q -c /tmp/conf up
same_state 'it is as after one' /tmp/up
: >/tmp/together
equal 'launches' "$(together /vrf-launch --isolation guard mgmt -- /usr/bin/faults service mgmt guard)" ' 20 0 '
equal 'each is kept' "$(sort /tmp/together | uniq -c | tr -s ' \n' ' ')" ' 20 kept '
equal 'down' "$(together /vrf-launch -q -c /tmp/conf down)" ' 20 0 '
same_state 'nothing is left' /tmp/before

case_ others_change_interfaces_meanwhile
(
    while [ ! -e /tmp/enough ]; do
        ip link add other type vrf table 99
        ip link add name churn type dummy
        ip link set churn master other
        ip link del churn
        ip link del other
    done
) 2>/dev/null &
churn=$!
for _ in 1 2 3 4 5; do
    expect 'up' /vrf-launch -q -c /tmp/conf up
    run /vrf-launch --isolation guard mgmt -- /usr/bin/faults service mgmt guard
    equal 'a launch' "$status$out" 0kept
    expect 'down' /vrf-launch -q -c /tmp/conf down
done
touch /tmp/enough
wait $churn
ip link del churn 2>/tmp/said
ip link del other 2>/tmp/said
same_state 'nothing is left' /tmp/before

case_ launches_leave_nothing_behind
expect 'up' /vrf-launch -q -c /tmp/conf up
# The kernel's own threads, children of the second process, come and go.
held() {
    sleep 1
    grep -L '^PPid:.2$' /proc/[0-9]*/status >/tmp/processes 2>/tmp/said # not into a pipe, whose other end may be among them, or not yet
    echo "$(bpftool prog show | grep -c '^[0-9]') programs, $(bpftool map show | grep -c '^[0-9]') maps," \
        "$(bpftool link show | grep -c '^[0-9]') links, $(bpftool cgroup tree | grep -c ' vl') attached," \
        "$(find /sys/fs/cgroup -type d | wc -l) cgroups, $(wc -l </tmp/processes) processes," \
        "$(find /run /tmp -type f | wc -l) files, $(wc -l </proc/mounts) mounts"
}
# What the kernel holds beside caches that it can drop, in KiB; and open files.
memory() {
    sync
    echo 3 >/proc/sys/vm/drop_caches
    awk '/^SUnreclaim:|^Percpu:|^KernelStack:|^PageTables:/ { sum += $2 } END { print sum }' /proc/meminfo
}
free_() { awk '/^MemFree:/ { print $2 }' /proc/meminfo; }
open_() { cut -f 1 /proc/sys/fs/file-nr; }
# Before: each way once and some more, so that what stays for good is there.
faults launches 40 /vrf-launch mgmt >/tmp/launches
held >/tmp/held
before=$(held) memory=$(memory) free=$(free_) open=$(open_)
wanted=200
[ -z "$every_" ] || { wanted=$((100000 / every_)) && echo 1 >/sys/kernel/rcu_expedited; }
equal 'all were started' "$(faults launches $wanted /vrf-launch mgmt 2>/dev/console)" $wanted
equal 'what is held' "$(held)" "$before"
after=$(memory)
echo "# soak $wanted launches; before and after: $before; kernel's memory $memory, $after KiB; free $free, $(free_) KiB;" \
    "open files $open, $(open_)"
expect 'no memory is lost' test $((after - memory)) -lt 2048
expect 'no file stays open' test $(($(open_) - open)) -lt 100
