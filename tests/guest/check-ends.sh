#!/bin/sh
# `check` that is ended before it has done everything leaves no cgroup, mount or folder behind: by an error of each system call (strace),
# by a signal, by a reader who has gone.
# kernels: debian-6.1
# modules: vrf dummy
# timeout: 300
ip link set lo up
ip link add mgmt type vrf table 10
ip link add eth1 type dummy
ip link set eth1 master mgmt
ip link set eth1 up
ip link set mgmt up
umount /sys/fs/cgroup

# left: the folders and mounts that check could leave. The tree is in the kernel, also where it is not mounted.
mkdir /tmp/tree
left() {
    grep cgroup /proc/mounts
    find /run -type d | sort
    mount -t cgroup2 none /tmp/tree
    find /tmp/tree -type d | sort
    umount /tmp/tree
}
# clean WHAT: nothing is left; what is left is taken away for the next one
clean() {
    left >/tmp/left
    cmp -s /tmp/before /tmp/left && return
    fail "$1: something is left"
    diff /tmp/before /tmp/left | shown
    umount /run/cgroup2
    rmdir /run/cgroup2
    mount -t cgroup2 none /tmp/tree
    find /tmp/tree -mindepth 1 -depth -type d -exec rmdir {} ';'
    umount /tmp/tree
} 2>/tmp/cleaned
# begun: an attempt runs in a cgroup
begun() {
    grep -q vrf-launch- /proc/[0-9]*/cgroup 2>/tmp/said
}
left >/tmp/before

case_ it_ends_well
run strace -o /tmp/trace /vrf-launch check --isolation bind mgmt
equal 'exit code' "$status" 1
match 'it was tried' "$out" 'ways out, tried at level bind in /run/cgroup2/vrf-launch-bind/vrf/mgmt'
clean 'the end'
shown </tmp/before

case_ signals_end_it
for signal in TERM:143 HUP:129 INT:130 QUIT:131; do
    # The shell has INT and QUIT ignored in the background.
    background /usr/bin/env --default-signal=INT,QUIT /vrf-launch check mgmt
    soon begun || fail "$signal: no attempt"
    kill -"${signal%:*}" "$pid"
    wait "$pid"
    equal "${signal%:*}" "$?" "${signal#*:}"
    clean "${signal%:*}"
    refuse 'no attempt goes on' begun
done

case_ reader_that_has_gone_ends_it
/vrf-launch check mgmt 2>/tmp/err | head -n 1 >/tmp/said
equal 'nothing is said' "$(cat /tmp/err)" ''
clean 'a broken pipe'

case_ errors_end_it
tried=0
# What cleans up is not among them, nor is the wait for a process. The last socket says which network namespace this is; without it,
# check believes the cgroup to be another one.
for call in pipe2 fork clone read ppoll openat getdents64 statfs mkdir mount socket bpf recvmmsg sendto fstatfs lseek stat newfstatat; do
    count=$(grep -c "^$call(" /tmp/trace)
    [ $call != socket ] || count=$((count - 1))
    last=''
    for n in 1 $((count / 2)) "$count"; do
        case $n in 0 | "$last") continue ;; esac
        last=$n
        tried=$((tried + 1))
        strace -o /tmp/injected -e "inject=$call:error=ENOMEM:when=$n" /vrf-launch check --isolation bind mgmt >/tmp/out 2>/tmp/err
        clean "$call, number $n of $count"
    done
done
echo "# errors: $tried"
expect 'some were tried' test "$tried" -gt 20
